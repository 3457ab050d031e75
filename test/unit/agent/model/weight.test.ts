import { equal } from 'node:assert/strict';
import { test } from 'node:test';
import { byWeight } from '../../../../agent/model/weight.ts';

const LAST = 1 - Number.EPSILON;

for (const [weights, random, want] of [
  [[90, 10], 0.899, 0],
  [[90, 10], 0.9, 1],
  [[0, 1], 0, 1],
  [[1, 0], LAST, 0],
  [[0, 0], 0, 0],
  [[0, 0], LAST, 1],
  [[7], LAST, 0],
  [[], 0, undefined],
] as const) {
  test(`of weights ${weights.join(', ') || 'of nothing'} at ${random}: ${want ?? 'none'}`, () => {
    equal(
      byWeight(
        weights.map((weight, at) => ({ weight, at })),
        random,
      )?.at,
      want,
    );
  });
}
