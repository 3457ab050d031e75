import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linesOf } from './plans.ts';

const CAPTURE = '-p tcp -m set --match-set weir-ports dst -j REDIRECT --to-ports 15001';

test('without options: the verify destination, loopback, everything', async () => {
  assert.deepEqual(await linesOf(4, 'nat'), [
    '-d 192.0.2.1/32 -p tcp -m tcp --dport 1 -j REDIRECT --to-ports 15001',
    '-o lo -j RETURN',
    CAPTURE,
  ]);
  assert.deepEqual(await linesOf(6, 'nat'), [
    '-d 2001:db8::1/128 -p tcp -m tcp --dport 1 -j REDIRECT --to-ports 15001',
    '-o lo -j RETURN',
    CAPTURE,
  ]);
});

test('precedence: ports, owners, loopback, DNS, excluded ranges, cluster, included ports, included ranges', async () => {
  const lines = await linesOf(
    4 as const,
    'nat' as const,
    '--exclude-ports',
    '22',
    '--exclude-uids',
    '7',
    '--dns-servers',
    '198.18.0.53',
    '--exclude-cidrs',
    '198.18.1.0/24',
    '--cluster-cidr',
    '198.18.2.0/24',
    '--include-ports',
    '80',
    '--include-cidrs',
    '203.0.113.0/24',
    '--port',
    '16001',
  );
  assert.deepEqual(lines, [
    '-d 192.0.2.1/32 -p tcp -m tcp --dport 1 -j REDIRECT --to-ports 16001',
    '-p tcp -m multiport --dports 22 -j RETURN',
    '-m owner --uid-owner 7 -j RETURN',
    '-o lo -j RETURN',
    '-d 198.18.0.53/32 -p tcp -m tcp --dport 53 -j RETURN',
    '-m set --match-set weir-exclude4 dst -j RETURN',
    '-m set --match-set weir-cluster4 dst -j RETURN',
    '-p tcp -m multiport --dports 80 -m set --match-set weir-ports dst -j REDIRECT --to-ports 16001',
    '-p tcp -m set --match-set weir-include4 dst -m set --match-set weir-ports dst -j REDIRECT --to-ports 16001',
  ]);
});

test('ranges of one family leave the other captured', async () => {
  const lines = await linesOf(6, 'nat', '--exclude-cidrs', '0.0.0.0/0', '--cluster-cidr', '198.18.0.0/15');
  assert.deepEqual(lines.slice(1), ['-o lo -j RETURN', CAPTURE]);
});
