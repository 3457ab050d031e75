/** Each target for a while, two at a time: inputs that nobody wrote down. Longer: npm run fuzz (README.md). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { TARGETS } from './all-targets.ts';
import { keepCrash } from './harness/crash.ts';
import { fuzz, type Outcome } from './harness/watch.ts';
import { NATIVE_TARGETS } from './native/native-targets.ts';
import { fuzzNative } from './native/run-native.ts';

/** For each target; all together then take about a minute. */
const MS = 10_000;

describe('fuzzing', { concurrency: 2 }, () => {
  const seed = 1; // the same each time: what others find is for `npm run fuzz`, not for whoever lands a change
  for (const { name } of TARGETS) {
    test(name, async (t) => t.diagnostic(verdict(name, seed, await fuzz({ target: name, seed, ms: MS, kept: [] }))));
  }
  for (const target of NATIVE_TARGETS) {
    const { name } = target;
    test(`${name}.c`, async (t) => t.diagnostic(verdict(name, seed, await fuzzNative({ target, seed, ms: MS }))));
  }
});

function verdict(name: string, seed: number, { progress, crash }: Outcome): string {
  if (crash) {
    const file = keepCrash(name, crash);
    assert.fail(`seed ${seed}: ${crash.says}\nkept as ${file}; again: npm run fuzz -- ${name} --replay ${file}`);
  }
  assert.ok(progress.executions > 50, `only ${progress.executions} inputs`);
  return `${name}: ${progress.executions} inputs, ${progress.corpus} kept, ${progress.shown} things shown`;
}
