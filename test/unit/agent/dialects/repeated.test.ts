import { deepEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { repeated } from '../../../../agent/dialects/repeated.ts';

test('what is there twice is said of every later one, with the first', () => {
  const findings = [...repeated([80, undefined, 80, undefined, 443, 80], ['spec', 'ports'], 'port')];
  deepEqual(
    findings.map(({ path, message }) => [path, message]),
    [
      [['spec', 'ports', 2, 'port'], 'the port 80 is that of ports[0] too; expected each once'],
      [['spec', 'ports', 5, 'port'], 'the port 80 is that of ports[0] too; expected each once'],
    ],
  );
  deepEqual(
    [...repeated(['', 'a', ''], ['ports'], 'name')].map(({ message }) => message),
    ['the name "" is that of ports[0] too; expected each once'],
  );
});
