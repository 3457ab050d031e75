/** The harness itself: a planted defect is found, made small and named; chance repeats; what was found is kept. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { crashOf } from './harness/crash.ts';
import { explore } from './harness/explore.ts';
import { KEPT_CAP, Kept } from './harness/kept.ts';
import { bytesOf, changeLineEnds, moveLines, textOf } from './harness/mutate-lines.ts';
import { assertSettlesOnce, cutsOf, piecesOf } from './harness/prefixes.ts';
import { hashOf, Random } from './harness/random.ts';
import { shrunk } from './harness/shrink.ts';
import { INPUT_CAP_BYTES, type Target } from './harness/target.ts';
import { fuzz } from './harness/watch.ts';
import { proxyV2 } from './targets/proxy-v2.ts';

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
    found: () => undefined,
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

test('a run begins with what was kept, and what it finds is kept with it', async () => {
  await using folder = await temporaryFolder();
  const kept = Kept.open(folder.path);
  for (const text of ['one', 'two']) kept.keep(bytesOf(text));
  const { inputs } = Kept.open(folder.path, assert.fail);
  assert.deepEqual(inputs.map(textOf).sort(), ['one', 'two']);
  let found = 0;
  const order = { target: proxyV2.name, seed: 1, ms: 0, kept: inputs }; // what it begins with, and some dozen more
  const { progress } = await fuzz(order, undefined, (input) => {
    found++;
    kept.keep(input);
  });
  assert.ok(found > 0);
  assert.equal(progress.corpus, proxyV2.seeds().length + 2 + found);
  assert.equal(Kept.open(folder.path, assert.fail).inputs.length, 2 + found);
});

test('each input is kept once, as it is, and of too many the newest', async () => {
  await using folder = await temporaryFolder();
  const kept = Kept.open(folder.path);
  const inputs = Array.from({ length: KEPT_CAP + 3 }, (_, at) => bytesOf(`input ${at}`));
  for (const input of [...inputs, ...inputs.slice(-2)]) kept.keep(input);
  writeFileSync(join(folder.path, 'older'), 'older');
  utimesSync(join(folder.path, 'older'), 0, 0);
  const texts = (from: readonly Uint8Array[]) => from.map(textOf).sort();
  assert.deepEqual(texts(Kept.open(folder.path, assert.fail).inputs), texts(inputs.slice(3)));
  assert.equal(readdirSync(folder.path).length, KEPT_CAP);
});

test('what cannot be an input is ignored with a word', async () => {
  await using folder = await temporaryFolder();
  Kept.open(folder.path).keep(bytesOf('good'));
  mkdirSync(join(folder.path, 'folder'));
  writeFileSync(join(folder.path, 'long'), new Uint8Array(INPUT_CAP_BYTES + 1));
  const said: string[] = [];
  const { inputs } = Kept.open(folder.path, (text) => said.push(text));
  assert.deepEqual(inputs.map(textOf), ['good']);
  assert.match(said.sort().join('\n'), /\/folder is ignored: EISDIR.*\n.*\/long is ignored: longer than 8192 bytes$/);
});
