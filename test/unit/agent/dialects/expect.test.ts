import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { complaint, oneOf, parsedText, quoted, UNREAD } from '../../../../agent/dialects/expect.ts';

for (const [found, words] of [
  [undefined, 'missing; expected a port'],
  [null, 'expected a port, found nothing'],
  ['80', 'expected a port, found the text "80"'],
  [80, 'expected a port, found the number 80'],
  [Number.NaN, 'expected a port, found the number NaN'],
  [false, 'expected a port, found the boolean false'],
  [[1, 2], 'expected a port, found a list of 2'],
  [{ a: 1 }, 'expected a port, found a mapping'],
] as const) {
  test(words, () => equal(complaint('a port', found), words));
}

test('what is quoted stays on one line and is cut', () => {
  equal(quoted('a\nb\u001b[31m'), '"a\\nb\\u001b[31m"');
  equal(quoted('x'.repeat(1_000)).length, 83);
});

test('a parser without words of its own says what was expected', () => {
  const issues = parsedText('an even number', () => undefined).safeParse('3').error?.issues;
  equal(issues?.[0]?.message, 'expected an even number, found the text "3"');
});

test('one of several words', () => {
  equal(oneOf('ON or OFF', ['ON', 'OFF']).parse('OFF'), 'OFF');
  equal(
    oneOf('ON or OFF', ['ON', 'OFF']).safeParse('OFFF').error?.issues[0]?.message,
    'expected ON or OFF, found the text "OFFF"; did you mean "OFF"?',
  );
});

test('what is not read may be anything', () => {
  for (const value of [undefined, null, 1, 'a', [], {}]) deepEqual(UNREAD.parse(value), value);
});
