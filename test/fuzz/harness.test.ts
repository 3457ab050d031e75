/** The harness itself: a planted defect is found, made small and named; chance repeats. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crashOf } from './harness/crash.ts';
import { explore } from './harness/explore.ts';
import { bytesOf, changeLineEnds, moveLines, textOf } from './harness/mutate-lines.ts';
import { assertSettlesOnce, cutsOf, piecesOf } from './harness/prefixes.ts';
import { hashOf, Random } from './harness/random.ts';
import { shrunk } from './harness/shrink.ts';
import { INPUT_CAP_BYTES, type Target } from './harness/target.ts';

/** Reads the same lines as two readers would that take another byte for the end of a line. */
const PLANTED: Target = {
  name: 'planted',
  invariant: 'Two lines in a row are never the same, unless one ends with a bare LF.',
  seeds: () => [bytesOf('a: 1\r\nb: 2\r\nc: 3\r\n')],
  mutators: [moveLines, changeLineEnds],
  tokens: [],
  check(input) {
    assert.ok(input.length <= INPUT_CAP_BYTES);
    const lines = textOf(input).split('\n');
    for (const [at, line] of lines.entries())
      if (line !== '' && !line.endsWith('\r')) assert.notEqual(line, lines[at + 1], 'twice');
    return [`${lines.length} lines`, ...lines.map((line) => `${line.endsWith('\r')}`)];
  },
};

function explored(seed: number) {
  return explore({
    target: PLANTED,
    seeds: PLANTED.seeds(),
    seed,
    goesOn: ({ executions }) => executions < 100_000,
    begins: () => undefined,
  });
}

test('finds what is planted, the same with the same seed, and makes it small', () => {
  const { failure, executions } = explored(7);
  assert.ok(failure, `not in ${executions} inputs`);
  assert.deepEqual(explored(7), { ...explored(7), failure });
  const crash = crashOf(failure.input, failure.thrown);
  assert.equal(crash.kind, 'invariant');
  const fails = (input: Uint8Array): boolean => {
    try {
      PLANTED.check(input, true);
      return false;
    } catch {
      return true;
    }
  };
  assert.equal(textOf(shrunk(failure.input, fails)), 'a\na');
});

test('chance keeps to its bounds and repeats', () => {
  const [one, two] = [new Random(3), new Random(3)];
  const drawn = Array.from({ length: 1000 }, () => one.below(10));
  assert.deepEqual(
    drawn,
    Array.from({ length: 1000 }, () => two.below(10)),
  );
  assert.deepEqual(new Set(drawn).size, 10);
  assert.ok(drawn.every((each) => each >= 0 && each < 10));
  assert.equal(one.below(0), 0);
  assert.equal(hashOf(bytesOf('foobar')), 0xbf9c_f968); // of the FNV draft
});

test('cuts hold the whole input, and every length if asked', () => {
  const input = new Uint8Array(100);
  assert.equal(cutsOf(input, true).length, 101);
  const some = cutsOf(input, false);
  assert.equal(some.at(-1), 100);
  assert.deepEqual(some, cutsOf(input, false));
  assert.equal(
    piecesOf(input, some).reduce((sum, { length }) => sum + length, 0),
    100,
  );
});

test('a result that changes again is seen', () => {
  const parse = (bytes: Uint8Array) => (bytes.length < 3 ? 'more' : bytes.length > 5 ? 'other' : 'settled');
  const isMore = (result: string): boolean => result === 'more';
  assert.equal(assertSettlesOnce(new Uint8Array(5), [1, 2, 3, 4, 5], parse, isMore), 'settled');
  assert.throws(() => assertSettlesOnce(new Uint8Array(6), [1, 2, 3, 4, 5, 6], parse, isMore), /changed at 6/);
});
