import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { describe, test } from 'node:test';
import { type Outcome, outcomeText } from '../support/lab/run.ts';
import { type Netns, ORIGIN, shims, withNetns } from '../support/netns.ts';

const AGENT = {
  name: 'AGENT',
  agent: true,
  tcp: [
    ['127.0.0.1', 15_001],
    ['::1', 15_001],
  ],
} as const;
const everything = 'ipset save; iptables-nft-save; ip6tables-nft-save; iptables-legacy-save; ip6tables-legacy-save';

/** Not root, but able to read wherever the checkout lies. */
const NOT_ROOT = ['--reuid=65534', '--clear-groups', '--inh-caps=+dac_read_search', '--ambient-caps=+dac_read_search'];

// Each in a world of its own, and waiting most of the time.
describe('faults', { concurrency: 3 }, () => {
  test('a missing kernel or iptables feature is named, and nothing is touched: 69', () =>
    withNetns(async (netns) => {
      const extensions = `${netns.folder}/extensions`;
      mkdirSync(extensions);
      const from = (await netns.must('pod', 'dirname "$(find /usr/lib -name libxt_set.so | head -1)"')).trim();
      for (const name of readdirSync(from))
        if (name !== 'libxt_set.so') symlinkSync(`${from}/${name}`, `${extensions}/${name}`);
      const outcome = await netns.init('apply', [], { env: { XTABLES_LIBDIR: extensions } });
      assert.equal(outcome.code, 69, outcomeText(outcome));
      assert.match(
        outcome.stderr,
        /missing in kernel or iptables: v4 nat WEIR_OUTPUT: capture \(.*match-set weir-ports/,
      );
      assert.doesNotMatch(await netns.must('pod', everything), /weir/i);
    }));

  test('a tool that cannot run as another user: a clear sentence, 69', () =>
    withNetns(async (netns) => {
      const init = (command: string) => netns.exec('pod', ['setpriv', ...NOT_ROOT, 'scripts/weir-init', command]);
      for (const command of ['apply', 'remove', 'status', 'verify']) {
        const outcome = await init(command);
        assert.equal(outcome.code, 69, outcomeText(outcome));
        assert.match(outcome.stderr, /needs root/);
      }
      const printed = await init('print');
      assert.equal(printed.code, 0, outcomeText(printed));
    }));

  test('a lock held by another weir-init, or by a legacy tool: 75', () =>
    withNetns(async (netns) => {
      const hold = `require('node:net').createServer().listen('\\0weir-init', () => console.log('held'))`;
      const holder = await held(netns, [process.execPath, '-e', hold]);
      const other = await netns.init('apply');
      assert.equal(other.code, 75, outcomeText(other));
      holder();
      const lock = `${netns.folder}/xtables.lock`; // the machine's own is everybody's
      const xtables = await held(netns, ['flock', lock, 'sh', '-c', 'echo held; exec sleep 60']);
      const legacy = await netns.init('apply', ['--backend', 'legacy'], { env: { XTABLES_LOCKFILE: lock } });
      xtables();
      assert.equal(await netns.must('pod', 'ipset list -n'), '', 'sets are left behind');
      assert.equal(legacy.code, 75, outcomeText(legacy));
    }));

  test('a frozen agent: remove ends with 70 and the rules stay', () =>
    withNetns(async (netns) => {
      const agent = await netns.listen('pod', AGENT);
      await ends(netns, 0, 'apply');
      agent.kill('SIGSTOP');
      const outcome = await netns.init('remove');
      agent.kill('SIGCONT');
      assert.equal(outcome.code, 70, outcomeText(outcome));
      assert.match(outcome.stderr, /the rules stay/);
      await ends(netns, 0, 'status');
    }));

  test('a rule gone, a foreign rule in our chain, a set changed: status names each, 126', () =>
    withNetns(async (netns) => {
      await ends(netns, 0, 'apply', '--cluster-cidr', '198.18.0.0/15');
      await netns.must(
        'pod',
        'iptables-nft -D WEIR_GATE 1; ip6tables-nft -t nat -I WEIR_OUTPUT 1 -d 2001:db8::2 -j ACCEPT; ipset add weir-cluster4 203.0.113.0/24',
      );
      const status = await ends(netns, 126, 'status');
      assert.match(status.stdout, /^differs: content of set weir-cluster4$/m);
      assert.match(status.stdout, /^missing: v4 filter WEIR_GATE: loopback and own addresses/m);
      assert.match(status.stdout, /^not ours: v6 nat: -A WEIR_OUTPUT -d 2001:db8::2\/128 -j ACCEPT$/m);
      await ends(netns, 126, 'verify');
    }));

  test('never both backends: ours is adopted, the other refused; rules of others decide', () =>
    withNetns(async (netns) => {
      await netns.must('pod', 'printf "*filter\\n-A FORWARD -j DROP\\nCOMMIT\\n" | iptables-legacy-restore --noflush');
      const applied = await ends(netns, 0, 'apply');
      assert.match(applied.stdout, /backend legacy/, 'where the rules of others are');
      const other = await ends(netns, 69, 'apply', '--backend', 'nft');
      assert.match(other.stderr, /WEIR_ chains stand in the legacy backend/);
      await netns.must('pod', 'iptables-nft -N WEIR_GATE');
      assert.match((await ends(netns, 69, 'apply')).stderr, /both backends/);
      assert.match((await ends(netns, 126, 'status')).stdout, /both backends/);
      await ends(netns, 0, 'remove');
      await ends(netns, 1, 'status');
    }));

  test('lo down is brought up by apply, and named by verify; v6 switched off counts as captured', () =>
    withNetns(async (netns) => {
      await netns.must('pod', 'ip link set lo down');
      await ends(netns, 0, 'apply');
      await netns.must('pod', 'ip link set lo down');
      assert.match((await ends(netns, 126, 'verify')).stdout, /v4 NOT proved: .*lo is down/);
      await netns.must('pod', 'ip link set lo up; echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6');
      const verified = await ends(netns, 0, 'verify');
      assert.match(verified.stdout, /v6 proved: no address or route to leave by, and all rules are in place/);
      await netns.must('pod', 'ip6tables-nft -D OUTPUT 1');
      assert.match((await ends(netns, 126, 'verify')).stdout, /v6 NOT proved: /);
    }));

  test('who answers at the verify destination without the token is no proof', () =>
    withNetns(async (netns) => {
      await netns.listen('pod', { ...AGENT, agent: false });
      const applied = await ends(netns, 126, 'apply');
      assert.match(applied.stdout, /v4 NOT proved: another answer than ours: "AGENT"/);
      assert.deepEqual(await netns.dial('pod', { host: ORIGIN[4], port: 80 }), { text: 'AGENT' }, 'the rules stand');
    }));

  test('a missing tool is named before anything is touched: 69', () =>
    withNetns(async (netns) => {
      const path = shims(netns.folder, {});
      const hide = `mount -t tmpfs none ${path} && touch ${path}/conntrack && mount --bind ${path}/conntrack /usr/sbin/conntrack`;
      const outcome = await netns.exec('pod', ['unshare', '-m', 'sh', '-ec', `${hide}; exec scripts/weir-init apply`]);
      assert.equal(outcome.code, 69, outcomeText(outcome));
      assert.match(outcome.stderr, /not installed: conntrack/);
      assert.doesNotMatch(await netns.must('pod', everything), /weir/i);
    }));

  test('native nft rules in a chain of iptables: the state is unknown, so nft is refused by name and auto takes legacy', () =>
    withNetns(async (netns) => {
      await netns.must('pod', [
        'nft',
        'add table ip nat; add chain ip nat OUTPUT { type nat hook output priority -100; }; add rule ip nat OUTPUT numgen random mod 2 0 accept',
      ]);
      const outcome = await ends(netns, 69, 'apply', '--backend', 'nft');
      assert.match(outcome.stderr, /table ip nat is unknown/);
      assert.match((await ends(netns, 0, 'apply')).stdout, /backend legacy/);
      await ends(netns, 0, 'status');
      await ends(netns, 0, 'remove');
    }));

  test('--netns that is no network namespace: 64, told by us', () =>
    withNetns(async (netns) => {
      for (const [path, why] of [
        ['/run/netns/nowhere', /: no such network namespace\n$/],
        ['/etc/passwd', /: not a network namespace \(nsenter: .*\)\n$/],
        ['/proc/self/ns/mnt', /: not a network namespace \(nsenter: .*\)\n$/],
      ] as const) {
        for (const command of ['apply', 'status']) {
          const outcome = await netns.exec('pod', ['scripts/weir-init', command, '--netns', path]);
          assert.equal(outcome.code, 64, outcomeText(outcome));
          assert.match(outcome.stderr, why);
          assert.match(outcome.stderr, /^weir-init: --netns [^\n]+\n$/);
        }
      }
    }));
});

async function ends(netns: Netns, code: number, command: string, ...args: readonly string[]): Promise<Outcome> {
  const outcome = await netns.init(command, args);
  assert.equal(outcome.code, code, outcomeText(outcome));
  return outcome;
}

/** Starts a program in the pod that holds something once it says `held`; returns how to end it. */
async function held(netns: Netns, argv: readonly string[]): Promise<() => void> {
  const holder = await netns.start('pod', argv, 'held');
  return () => holder.kill('SIGKILL');
}
