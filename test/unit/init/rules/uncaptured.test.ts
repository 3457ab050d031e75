import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linesOf } from './plans.ts';

test('allow adds nothing', async () => {
  const lines = await linesOf(6, 'filter');
  assert.deepEqual(
    lines.filter((line) => line.includes('icmp') && !line.includes('--dport 443')),
    [],
  );
});

test('reject ends the chain, after answers, ICMP errors and IPv6 neighbour discovery', async () => {
  assert.deepEqual((await linesOf(4, 'filter', '--uncaptured', 'reject')).slice(-3), [
    '-p icmp -m conntrack --ctstate RELATED -j RETURN',
    '! -p tcp -m conntrack --ctdir REPLY -j RETURN',
    '! -p tcp -j REJECT --reject-with icmp-port-unreachable',
  ]);
  const six = await linesOf(6, 'filter', '--uncaptured', 'reject');
  const types = six.flatMap((line) => /--icmpv6-type (\d+) -j RETURN$/.exec(line)?.[1] ?? []);
  assert.deepEqual(types, ['133', '135', '136', '131', '132', '143']);
  assert.equal(six.at(-1), '! -p tcp -j REJECT --reject-with icmp6-port-unreachable');
});
