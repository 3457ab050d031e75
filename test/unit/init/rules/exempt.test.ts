import assert from 'node:assert/strict';
import { test } from 'node:test';
import { multiport } from '../../../../init/rules/exempt.ts';
import { linesOf } from './plans.ts';

test('a list of ports takes one rule for each fifteen', () => {
  const ports = Array.from({ length: 31 }, (_, at) => at + 1);
  assert.deepEqual(
    multiport(ports).map((match) => match.split(',').length),
    [15, 15, 1],
  );
  assert.deepEqual(multiport([]), []);
});

test('DNS is left alone towards the servers of the family, by UDP and TCP', async () => {
  const argv = ['--dns-servers', '198.18.0.53,2001:db8::53'];
  for (const [family, server] of [
    [4, '198.18.0.53/32'],
    [6, '2001:db8::53/128'],
  ] as const) {
    const dns = (await linesOf(family, 'filter', ...argv)).filter((line) => line.includes('--dport 53'));
    assert.deepEqual(dns, [
      `-d ${server} -p udp -m udp --dport 53 -j RETURN`,
      `-d ${server} -p tcp -m tcp --dport 53 -j RETURN`,
    ]);
  }
});

test('an excluded port is left alone over UDP as well', async () => {
  const gate = await linesOf(4, 'filter', '--exclude-ports', '443');
  const excluded = gate.indexOf('-p udp -m multiport --dports 443 -j RETURN');
  assert.ok(excluded >= 0 && excluded < gate.findIndex((line) => line.includes('-p udp -m udp --dport 443')));
});
