import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { outcomeText } from '../support/lab/run.ts';
import { BACKENDS, FAMILIES, type Netns, ORIGIN, shims, withNetns } from '../support/netns.ts';

const KILLED = 137;
const ARGS = ['--cluster-cidr', '198.18.0.0/15,fd00::/8', '--uncaptured', 'reject'];

// Each in a world of its own, and mostly one program at a time.
describe('killed at every point', { concurrency: 2 }, () => {
  for (const backend of BACKENDS) {
    // Every program that changes something, killed with its parent just before it would run.
    const tools = ['ipset', 'conntrack', `iptables-${backend}-restore`, `ip6tables-${backend}-restore`];

    test(`${backend}: apply killed at every point: the origin hears nothing through a gate, a second apply repairs`, () =>
      withNetns(async (netns) => {
        const world = await netns.listen('ext', {
          name: 'ORIGIN',
          tcp: [
            [ORIGIN[4], 80],
            [ORIGIN[6], 80],
          ],
        });
        const points = await killAtEach(netns, tools, ['apply', ...ARGS, '--backend', backend], async (point) => {
          for (const family of FAMILIES) {
            if (!(await gateStands(netns, family, backend))) continue;
            const before = world.heard().length;
            assert.deepEqual(await netns.dial('pod', { host: ORIGIN[family], port: 80 }), { code: 'ECONNREFUSED' });
            assert.equal(world.heard().length, before, `point ${point}`);
          }
          assert.notEqual((await netns.init('status', ARGS)).code, 0, `point ${point} is not all`);
          await done(netns, 'apply', ...ARGS, '--backend', backend);
          assert.equal((await netns.init('status')).code, 0, `repaired after point ${point}`);
          for (const family of FAMILIES) {
            assert.deepEqual(await netns.dial('pod', { host: ORIGIN[family], port: 80 }), { code: 'ECONNREFUSED' });
          }
          await done(netns, 'remove');
          assert.equal(await netns.must('pod', 'ipset list -n'), '');
        });
        assert.ok(points >= 11, `sets, four tests, four tables, conntrack, record; seen ${points}`);
      }));

    test(`${backend}: remove killed at every point: a second remove ends it, the gate goes last`, () =>
      withNetns(async (netns) => {
        const again = () => done(netns, 'apply', ...ARGS, '--backend', backend);
        await again();
        const points = await killAtEach(netns, tools, ['remove'], async (point) => {
          for (const family of FAMILIES) {
            const text = await netns.must('pod', [`${family === 4 ? 'ip' : 'ip6'}tables-${backend}-save`]);
            if (text.includes('-j WEIR_OUTPUT')) assert.ok(text.includes('-j WEIR_GATE'), `point ${point}`);
          }
          await done(netns, 'remove');
          assert.equal((await netns.init('status')).code, 1);
          assert.equal(await netns.must('pod', 'ipset list -n'), '');
          await again();
        });
        assert.ok(points >= 6, `four tables, conntrack, sets; seen ${points}`);
      }));
  }
});

/** Runs the command with a kill at its first, second, … tool until it comes through; returns how often it was killed. */
async function killAtEach(
  netns: Netns,
  tools: readonly string[],
  [command = '', ...args]: readonly string[],
  then: (point: number) => Promise<void>,
): Promise<number> {
  const state = `${netns.folder}/left`;
  const path = shims(netns.folder, Object.fromEntries(tools.map((tool) => [tool, shim(tool, state)])));
  for (let point = 1; ; point++) {
    writeFileSync(state, String(point));
    const outcome = await netns.init(command, args, { env: { PATH: `${path}:${process.env['PATH']}` } });
    if (outcome.code === 0) return point - 1;
    assert.equal(outcome.code, KILLED, outcomeText(outcome));
    assert.equal(readFileSync(state, 'utf8').trim(), '0');
    await then(point);
  }
}

/** Counts down; at 0 kills whoever called and does nothing itself. Looking is not counted. */
function shim(tool: string, state: string): string {
  return `
case "$*" in list*|save*) exec /usr/sbin/${tool} "$@";; esac
left=$(($(cat ${state}) - 1)); echo $left > ${state}
if [ $left -eq 0 ]; then kill -9 $PPID; exit 1; fi
exec /usr/sbin/${tool} "$@"
`;
}

async function gateStands(netns: Netns, family: 4 | 6, backend: string): Promise<boolean> {
  const text = await netns.must('pod', [`${family === 4 ? 'ip' : 'ip6'}tables-${backend}-save`]);
  return text.includes('-j WEIR_GATE');
}

async function done(netns: Netns, command: string, ...args: readonly string[]): Promise<void> {
  const outcome = await netns.init(command, args);
  assert.equal(outcome.code, 0, outcomeText(outcome));
}
