import assert from 'node:assert/strict';
import { test } from 'node:test';
import { outcomeText } from '../support/lab/run.ts';
import { waitFor } from '../support/lab/wait.ts';
import { BACKENDS, FAMILIES, type Netns, ORIGIN, POD, withNetns } from '../support/netns.ts';

const AGENT = {
  name: 'AGENT',
  agent: true,
  tcp: [
    ['127.0.0.1', 15_001],
    ['::1', 15_001],
  ],
} as const;

// Rules that make conntrack active, as a pod on a CNI with port mappings has it: otherwise its entries begin with ours.
const CONNTRACK_ON =
  'iptables-nft -A OUTPUT -m conntrack --ctstate NEW; ip6tables-nft -A OUTPUT -m conntrack --ctstate NEW';

for (const conntrack of ['off', 'on'] as const) {
  for (const next of ['client', 'server'] as const) {
    test(`connections open before apply, conntrack ${conntrack}, the ${next} speaks next: the origin hears no more`, () =>
      withNetns(async (netns) => {
        if (conntrack === 'on') await netns.must('pod', CONNTRACK_ON);
        const world = await origin(netns);
        await netns.listen('pod', AGENT);
        const open = await Promise.all(FAMILIES.map((family) => netns.hold('pod', { host: ORIGIN[family], port: 80 })));
        await waitFor('both are answered', () =>
          open.every(({ told }) => told().some(({ text }) => text === 'ORIGIN')),
        );
        const before = world.heard().length;
        await applied(netns);
        if (next === 'server') {
          const packets = await netns.must('node', 'cat /proc/net/dev');
          world.kill('SIGUSR1');
          await waitFor(
            'the node has seen it',
            async () => (await netns.must('node', 'cat /proc/net/dev')) !== packets,
          );
        }
        for (const { say } of open) say();
        await waitFor('both have ended', () => open.every(({ told }) => told().some(({ code }) => code !== undefined)));
        assert.equal(world.heard().length, before);
      }));
  }
}

test('an inverted conntrack entry: a new connection from its port is refused, others are captured', () =>
  withNetns(async (netns) => {
    const world = await origin(netns);
    await netns.listen('pod', AGENT);
    await applied(netns);
    for (const family of FAMILIES) {
      await netns.must('pod', inverted(family, 48_001));
      const stray = await netns.dial('pod', { host: ORIGIN[family], port: 80, localPort: 48_001 });
      assert.deepEqual(stray, { code: 'ECONNREFUSED' });
      const other = await netns.dial('pod', { host: ORIGIN[family], port: 80, localPort: 48_002 });
      assert.deepEqual(other, { text: 'AGENT' });
    }
    assert.deepEqual(world.heard(), []);
  }));

test('without the gate the same entry leads straight to the origin: the test above can fail', () =>
  withNetns(async (netns) => {
    const world = await origin(netns);
    await applied(netns);
    await netns.must('pod', 'iptables-nft -D OUTPUT 1; ip6tables-nft -D OUTPUT 1');
    for (const family of FAMILIES) {
      await netns.must('pod', inverted(family, 48_001));
      const stray = await netns.dial('pod', { host: ORIGIN[family], port: 80, localPort: 48_001 });
      assert.deepEqual(stray, { text: 'ORIGIN' });
    }
    assert.equal(world.heard().filter(({ event }) => event === 'accepted').length, 2);
    const status = await netns.init('status');
    assert.equal(status.code, 126);
    assert.match(status.stdout, /missing: v4 filter OUTPUT to WEIR_GATE.*\nmissing: v6 filter OUTPUT to WEIR_GATE/);
  }));

for (const backend of BACKENDS) {
  test(`${backend}: NOTRACK: untracked connections are refused`, () =>
    withNetns(async (netns) => {
      const world = await origin(netns);
      await netns.listen('pod', AGENT);
      const notrack = (tool: string) => `${tool}-nft -t raw -A OUTPUT -p tcp --dport 80 -j CT --notrack`;
      await netns.must('pod', `${notrack('iptables')}; ${notrack('ip6tables')}`);
      await applied(netns, '--backend', backend);
      for (const family of FAMILIES) {
        assert.deepEqual(await netns.dial('pod', { host: ORIGIN[family], port: 80 }), { code: 'ECONNREFUSED' });
      }
      assert.deepEqual(world.heard(), []);
    }));

  test(`${backend}: a foreign DNAT ahead of ours: refused`, () =>
    withNetns(async (netns) => {
      const world = await origin(netns);
      await netns.listen('pod', AGENT);
      await applied(netns, '--backend', backend);
      await netns.must('pod', ['nft', foreignDnat('ip', ORIGIN[4])]);
      await netns.must('pod', ['nft', foreignDnat('ip6', ORIGIN[6])]);
      assert.deepEqual(await netns.dial('pod', { host: '203.0.113.99', port: 81 }), { code: 'ECONNREFUSED' });
      assert.deepEqual(await netns.dial('pod', { host: '2001:db8:ee::99', port: 81 }), { code: 'ECONNREFUSED' });
      assert.deepEqual(world.heard(), []);
    }));
}

test('a foreign ACCEPT ahead of the gate: status names it, apply puts the gate first again', () =>
  withNetns(async (netns) => {
    await applied(netns);
    await netns.must('pod', 'iptables-nft -I OUTPUT 1 -j ACCEPT');
    const status = await netns.init('status');
    assert.equal(status.code, 126);
    assert.match(status.stdout, /not the one and first rule of OUTPUT: v4 filter/);
    await applied(netns);
    const rules = await netns.must('pod', 'iptables-nft -S OUTPUT');
    assert.match(rules, /^-P OUTPUT ACCEPT\n-A OUTPUT [^\n]*-j WEIR_GATE\n-A OUTPUT -j ACCEPT\n$/);
  }));

test('ports that the set does not hold are refused at once; loopback, own addresses and inbound work', () =>
  withNetns(async (netns) => {
    const world = await origin(netns);
    await netns.listen('pod', AGENT);
    const inside = ['127.0.0.1', '::1', POD[4], POD[6]].map((host) => [host, 8080] as const);
    await netns.listen('pod', { name: 'POD', tcp: inside });
    await applied(netns);
    await netns.must('pod', 'ipset flush weir-ports; ipset add weir-ports 443');
    for (const family of FAMILIES) {
      assert.deepEqual(await netns.dial('pod', { host: ORIGIN[family], port: 80 }), { code: 'ECONNREFUSED' });
      assert.deepEqual(await netns.dial('pod', { host: ORIGIN[family], port: 443 }), { text: 'AGENT' });
      assert.deepEqual(await netns.dial('ext', { host: POD[family], port: 8080 }), { text: 'POD' });
    }
    for (const [host, port] of inside) assert.deepEqual(await netns.dial('pod', { host, port }), { text: 'POD' });
    assert.equal((await netns.init('verify')).code, 0, 'the verify destination does not ask the port set');
    await applied(netns);
    assert.deepEqual(await netns.dial('pod', { host: ORIGIN[4], port: 80 }), { text: 'AGENT' }, 'apply fills the set');
    assert.deepEqual(world.heard(), []);
  }));

function origin(netns: Netns, first = false) {
  return netns.listen('ext', {
    name: 'ORIGIN',
    first,
    tcp: [
      [ORIGIN[4], 80],
      [ORIGIN[6], 80],
    ],
  });
}

async function applied(netns: Netns, ...args: readonly string[]): Promise<void> {
  const outcome = await netns.init('apply', args);
  assert.equal(outcome.code, 0, outcomeText(outcome));
}

/** As if the server had spoken first while conntrack had just come up: its side is the original direction. */
function inverted(family: 4 | 6, port: number): string {
  return `conntrack -I -p tcp -s ${ORIGIN[family]} -d ${POD[family]} --sport 80 --dport ${port} --state ESTABLISHED -u SEEN_REPLY,ASSURED -t 60`;
}

function foreignDnat(family: 'ip' | 'ip6', to: string): string {
  return `add table ${family} foreign; add chain ${family} foreign out { type nat hook output priority -150; }; add rule ${family} foreign out tcp dport 81 dnat to ${family === 'ip6' ? `[${to}]` : to}:80`;
}
