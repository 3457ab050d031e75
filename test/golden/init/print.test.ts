import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { printText } from '../../../init/print.ts';
import { podPlan } from '../../../init/rules/pod.ts';
import { optionsOf } from '../../unit/init/options-fixture.ts';

/** Each row is a command line and the file with what `weir-init print` says to it. */
const cases = {
  default: [],
  cluster: ['--cluster-cidr', '10.96.0.0/12,10.244.0.0/16,fd00:10::/64', '--dns-servers', '10.96.0.10,fd00:10::a'],
  exclude: ['--exclude-ports', '22,3306', '--exclude-cidrs', '192.0.2.0/24,2001:db8:1::/48', '--exclude-uids', '1337'],
  include: ['--include-ports', '80,443', '--include-cidrs', '203.0.113.0/24', '--exclude-ports', '443'],
  'all-closed': ['--uncaptured', 'reject', '--port', '16001'],
  'udp-open': ['--quic', 'allow'],
} as const;

// WEIR_WRITE_GOLDENS=1 writes what is printed now; look at the difference before committing it.
const write = process.env['WEIR_WRITE_GOLDENS'] === '1';

for (const [name, argv] of Object.entries(cases)) {
  test(`print ${argv.join(' ')} (${name}.txt)`, async () => {
    const { plan } = await optionsOf('print', ...argv);
    const printed = printText(podPlan([4, 6], plan), plan);
    const file = new URL(`${name}.txt`, import.meta.url);
    if (write) writeFileSync(file, printed);
    assert.equal(printed, readFileSync(file, 'utf8'));
  });
}
