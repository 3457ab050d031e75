import { deepEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { warningAt } from '../../../../../agent/dialects/dialect.ts';
import { notHonoured, UNREAD } from '../../../../../agent/dialects/istio/not-honoured.ts';

test('a warning for each field that is there, whatever it holds', () => {
  const part = { a: 0, b: undefined, c: null, d: 1 };
  deepEqual(
    [...notHonoured(part, ['a', 'b', 'c'], ['spec'], 'nothing comes of it')],
    [
      warningAt(['spec', 'a'], 'not honoured yet: nothing comes of it', 'key'),
      warningAt(['spec', 'c'], 'not honoured yet: nothing comes of it', 'key'),
    ],
  );
});

test('what is not read may be anything', () => {
  for (const value of [undefined, null, 1, 'a', [], {}]) deepEqual(UNREAD.parse(value), value);
});
