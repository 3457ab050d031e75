import assert from 'node:assert/strict';
import { test } from 'node:test';
import { outcomeText } from '../support/lab/run.ts';
import { BACKENDS, FAMILIES, type Netns, ORIGIN, withNetns } from '../support/netns.ts';

const origin = {
  name: 'ORIGIN',
  tcp: [
    [ORIGIN[4], 80],
    [ORIGIN[6], 80],
  ],
} as const;
const agent = {
  name: 'AGENT',
  agent: true,
  tcp: [
    ['127.0.0.1', 15_001],
    ['::1', 15_001],
  ],
} as const;

for (const backend of BACKENDS) {
  test(`${backend}: applied, everything goes to the agent; applied again, nothing changes; removed, nothing is left`, () =>
    withNetns(async (netns) => {
      const world = await netns.listen('ext', origin);
      const holder = await netns.listen('pod', agent);
      for (const family of FAMILIES) assert.equal(await reached(netns, family), 'ORIGIN');
      const before = world.heard().length;

      const applied = await netns.init('apply', ['--backend', backend, '--json']);
      assert.equal(applied.code, 0, outcomeText(applied));
      assert.deepEqual(JSON.parse(applied.stdout).proofs, [
        { family: 4, ok: true, by: 'agent' },
        { family: 6, ok: true, by: 'agent' },
      ]);
      for (const family of FAMILIES) assert.equal(await reached(netns, family), 'AGENT');
      assert.ok(holder.heard().some(({ text }) => text.startsWith('WEIR-VERIFY ')));

      const once = await saved(netns, backend);
      assert.equal((await netns.init('apply')).code, 0);
      assert.equal(await saved(netns, backend), once);
      for (const family of FAMILIES) assert.equal(await reached(netns, family), 'AGENT');

      const status = await netns.init('status');
      assert.equal(status.code, 0, outcomeText(status));
      assert.match(
        status.stdout,
        /^all rules are in place \(backend \w+\)\nNOT captured: UDP except 443; ICMP; SCTP.*\n$/,
      );
      assert.equal(world.heard().length, before, 'the origin saw nothing since apply');

      const removed = await netns.init('remove');
      assert.equal(removed.code, 0, outcomeText(removed));
      assert.ok(holder.heard().some(({ text }) => text.startsWith('WEIR-UNDO ')));
      assert.equal((await netns.init('status')).code, 1);
      assert.equal(await netns.must('pod', 'ipset list -n'), '');
      assert.doesNotMatch(await saved(netns, backend), /weir/i);
      for (const family of FAMILIES) assert.equal(await reached(netns, family), 'ORIGIN');
      assert.equal((await netns.init('remove')).code, 0, 'nothing to remove is no error');
    }));

  test(`${backend}: with nobody at the port, apply proves itself and everything is refused`, () =>
    withNetns(async (netns) => {
      const world = await netns.listen('ext', origin);
      const applied = await netns.init('apply', ['--backend', backend]);
      assert.equal(applied.code, 0, outcomeText(applied));
      assert.match(applied.stdout, /v4 proved: nobody listens yet.*\nv6 proved: nobody listens yet/);
      for (const family of FAMILIES) assert.equal(await reached(netns, family), 'ECONNREFUSED');
      assert.equal((await netns.init('verify')).code, 0);
      assert.deepEqual(world.heard(), []);
      assert.equal((await netns.init('remove')).code, 0, 'connection refused: no flow lives');
    }));

  test(`${backend}: what is saved is what was rendered, whatever the options`, () =>
    withNetns(async (netns) => {
      const args = [
        '--exclude-ports',
        Array.from({ length: 20 }, (_, at) => 1000 + at).join(),
        '--exclude-uids',
        '7,8',
        '--cluster-cidr',
        '198.18.0.0/15,fd00::/8',
        '--exclude-cidrs',
        '192.0.2.0/24,::/0',
        '--include-ports',
        '80,443',
        '--include-cidrs',
        '0.0.0.0/0,2001:db8::/32',
        '--uncaptured',
        'reject',
        '--dns-servers',
        '203.0.113.53,2001:db8:ee::53',
        '--port',
        '16001',
      ];
      const applied = await netns.init('apply', [...args, '--backend', backend]);
      assert.equal(applied.code, 0, outcomeText(applied));
      const status = await netns.init('status');
      assert.equal(status.code, 0, outcomeText(status));
      const other = await netns.init('status', ['--port', '16001']);
      assert.equal(other.code, 126, 'other options than those applied');
      assert.match(other.stdout, /not ours: v4 filter: .*--uid-owner 7/);

      const fewer = await netns.init('apply', ['--port', '16001']);
      assert.equal(fewer.code, 0, outcomeText(fewer));
      assert.equal(await netns.must('pod', 'ipset list -n | sort'), 'weir-options\nweir-ports\n');
      assert.equal((await netns.init('status')).code, 0);
    }));
}

async function reached(netns: Netns, family: 4 | 6): Promise<string | undefined> {
  const answer = await netns.dial('pod', { host: ORIGIN[family], port: 80 });
  return answer.text ?? answer.code;
}

/** Both families without counters and dates. */
async function saved(netns: Netns, backend: string): Promise<string> {
  const text = await netns.must('pod', `iptables-${backend}-save; ip6tables-${backend}-save`);
  return text.replace(/^#.*\n/gm, '').replace(/\[\d+:\d+\]/g, '');
}
