import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { hashOf, Random } from './random.ts';

/**
 * Where an input is cut: at every length if `thorough`, else at some that the input itself chooses. The whole input is
 * always the last.
 */
export function cutsOf(input: Uint8Array, thorough: boolean, count = 12): readonly number[] {
  if (thorough || input.length <= count) return Array.from({ length: input.length + 1 }, (_, length) => length);
  const random = new Random(hashOf(input));
  const some = Array.from({ length: count }, () => random.below(input.length));
  return [...new Set(some)].sort((a, b) => a - b).concat(input.length);
}

/**
 * Prefixes are `more` up to some length and one and the same result from there on. Each is a copy that ends where the
 * prefix does. Answers the result of the whole input and the length by which it was settled.
 */
export function assertSettlesOnce<R>(
  input: Uint8Array,
  cuts: readonly number[],
  parse: (bytes: Uint8Array) => R,
  isMore: (result: R) => boolean,
): R {
  let settled: { readonly at: number; readonly result: R } | undefined;
  let last = parse(input);
  for (const length of cuts) {
    last = parse(input.slice(0, length));
    if (settled) assertEqual(last, settled.result, `changed at ${length}, settled at ${settled.at}`);
    else if (!isMore(last)) settled = { at: length, result: last };
  }
  return last;
}

/** As deepEqual, whose failure costs the time of a thousand comparisons that hold. */
export function assertEqual(actual: unknown, expected: unknown, says: string): void {
  if (!isDeepStrictEqual(actual, expected)) assert.deepEqual(actual, expected, says);
}

/** A length by its order of magnitude, to tell inputs apart that differ in kind. */
export function sizeOf(length: number): string {
  return `${Math.round(Math.log2(length + 1))} bits`;
}

/** The input in pieces that end at `cuts`. */
export function piecesOf(input: Uint8Array, cuts: readonly number[]): readonly Uint8Array[] {
  return cuts.map((end, index) => input.slice(index === 0 ? 0 : (cuts[index - 1] ?? 0), end));
}
