import { equal } from 'node:assert/strict';
import { test } from 'node:test';
import { portName } from '../../../../../agent/dialects/istio/port-name.ts';

for (const [text, sound] of [
  ['http', true],
  ['http-8080', true],
  ['a'.repeat(63), true],
  ['a'.repeat(64), false],
  ['HTTP', false],
  ['-http', false],
  ['a.b', false],
  ['', false],
] as const) {
  test(`${JSON.stringify(text)} is ${sound ? 'a name' : 'none'}`, () => {
    equal(portName.safeParse(text).success, sound);
  });
}
