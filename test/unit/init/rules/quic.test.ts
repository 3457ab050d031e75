import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linesOf } from './plans.ts';

const cases = [
  { says: 'by default everywhere', argv: [], want: ['-p udp -m udp --dport 443 -j REJECT'] },
  { says: 'not with --quic allow', argv: ['--quic', 'allow'], want: [] },
  {
    says: '--quic allow beats --uncaptured reject',
    argv: ['--quic', 'allow', '--uncaptured', 'reject'],
    want: ['-p udp -m udp --dport 443 -j RETURN'],
  },
  {
    says: 'with port 443 included: everywhere',
    argv: ['--include-ports', '443'],
    want: ['-p udp -m udp --dport 443 -j REJECT'],
  },
  { says: 'with other ports included: nowhere', argv: ['--include-ports', '80'], want: [] },
  {
    says: 'with ranges included: there',
    argv: ['--include-cidrs', '203.0.113.0/24'],
    want: ['-p udp -m udp --dport 443 -m set --match-set weir-include4 dst -j REJECT'],
  },
];
for (const { says, argv, want } of cases) {
  test(`QUIC is refused ${says}`, async () => {
    const lines = (await linesOf(4, 'filter', ...argv)).filter((line) => line.includes('--dport 443'));
    assert.deepEqual(
      lines.map((line) => line.replace(/ --reject-with .*/, '')),
      want,
    );
  });
}
