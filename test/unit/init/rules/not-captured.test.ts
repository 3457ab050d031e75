import assert from 'node:assert/strict';
import { test } from 'node:test';
import { notCaptured } from '../../../../init/rules/not-captured.ts';
import { optionsOf } from '../options-fixture.ts';

const cases = [
  { says: 'the default names UDP, ICMP and SCTP', argv: [], has: /^UDP except 443; ICMP; SCTP and every other/ },
  { says: 'QUIC allowed', argv: ['--quic', 'allow'], has: /^UDP; ICMP/ },
  { says: 'all closed', argv: ['--uncaptured', 'reject'], has: /^IPv6 neighbour discovery; ICMP errors/ },
  { says: 'closed but for QUIC', argv: ['--uncaptured', 'reject', '--quic', 'allow'], has: /^UDP\/443; IPv6/ },
  { says: 'inclusions', argv: ['--include-ports', '80,443'], has: /TCP other than to port 80, port 443/ },
  { says: 'excluded ports', argv: ['--exclude-ports', '22'], has: /TCP and UDP to port 22/ },
  { says: 'excluded owners', argv: ['--exclude-uids', '7'], has: /everything of uid 7/ },
  {
    says: 'ranges',
    argv: ['--exclude-cidrs', 'fd00::/8', '--cluster-cidr', '198.18.0.1'],
    has: /to fd00::\/8, 198\.18\.0\.1;/,
  },
  { says: 'DNS', argv: ['--dns-servers', '198.18.0.53'], has: /DNS to 198\.18\.0\.53/ },
];
for (const { says, argv, has } of cases) {
  test(`one line: ${says}`, async () => {
    const text = notCaptured((await optionsOf('print', ...argv)).plan);
    assert.match(text, has);
    assert.ok(!text.includes('\n'));
  });
}
