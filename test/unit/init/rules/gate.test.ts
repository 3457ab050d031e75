import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linesOf, planOf } from './plans.ts';

const SYN = '-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN';
const RESET = '-j REJECT --reject-with tcp-reset';

test('the strict gate without options, both families', async () => {
  for (const [family, listener, unreachable] of [
    [4, '127.0.0.1', 'icmp-port-unreachable'],
    [6, '::1', 'icmp6-port-unreachable'],
  ] as const) {
    assert.deepEqual(await linesOf(family, 'filter'), [
      '-o lo -j RETURN',
      `-p tcp -m conntrack --ctstate DNAT --ctreplsrc ${listener} --ctreplsrcport 15001 -j RETURN`,
      `${SYN} ${RESET}`,
      '-p tcp -m tcp --tcp-flags SYN,ACK SYN,ACK -m conntrack --ctdir REPLY -j CONNMARK --set-xmark 0x59000000/0xff000000',
      '-p tcp -m conntrack --ctdir REPLY -m connmark --mark 0x59000000/0xff000000 -j RETURN',
      '-p tcp -m tcp --tcp-flags RST RST -m conntrack --ctdir REPLY -j RETURN',
      `-p tcp ${RESET}`,
      `-p udp -m udp --dport 443 -j REJECT --reject-with ${unreachable}`,
    ]);
  }
});

test('what nat leaves alone passes, before anything is refused', async () => {
  const argv = [
    '--exclude-ports',
    '22',
    '--exclude-cidrs',
    '198.18.1.0/24',
    '--cluster-cidr',
    '198.18.2.0/24',
    '--dns-servers',
    '198.18.0.53',
  ];
  const [nat, gate] = [await linesOf(4, 'nat', ...argv), await linesOf(4, 'filter', ...argv)];
  const passed = nat.filter((line) => line.endsWith('-j RETURN'));
  assert.equal(passed.length, 5);
  const refusal = gate.findIndex((line) => line.includes('REJECT'));
  for (const line of passed) assert.ok(gate.indexOf(line) >= 0 && gate.indexOf(line) < refusal, line);
});

test('inclusions: what none of them names passes, unless somebody else has turned it', async () => {
  const gate = await linesOf(4, 'filter', '--include-ports', '80,443', '--include-cidrs', '203.0.113.0/24');
  const line =
    '-p tcp -m multiport ! --dports 80,443 -m set ! --match-set weir-include4 dst -m conntrack ! --ctstate DNAT -j RETURN';
  assert.ok(gate.includes(line), gate.join('\n'));
  const other = await linesOf(6, 'filter', '--include-cidrs', '203.0.113.0/24');
  assert.ok(other.includes('-p tcp -m conntrack ! --ctstate DNAT -j RETURN'), 'no v6 range is included');
});

test('every rule of either table says what it is for, in words that iptables-save does not escape', async () => {
  const plan = await planOf(
    '--exclude-ports',
    '22',
    '--exclude-uids',
    '7',
    '--uncaptured',
    'reject',
    '--cluster-cidr',
    '198.18.0.0/15',
  );
  for (const { purpose } of [...plan.rules, ...plan.jumps]) assert.match(purpose, /^[A-Za-z0-9 ,-]{4,60}$/);
});
