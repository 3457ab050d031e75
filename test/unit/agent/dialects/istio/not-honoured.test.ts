import { deepEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { warningAt } from '../../../../../agent/dialects/dialect.ts';
import { notHonoured } from '../../../../../agent/dialects/istio/not-honoured.ts';

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
