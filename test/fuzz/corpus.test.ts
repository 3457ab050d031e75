import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TARGETS } from './all-targets.ts';
import { corpusFolders, corpusOf } from './harness/crash.ts';
import { NATIVE_TARGETS } from './native/native-targets.ts';
import { replayNative } from './native/run-native.ts';

for (const target of TARGETS) {
  test(`${target.name}: ${target.invariant}`, async (t) => {
    for (const [at, seed] of target.seeds().entries()) check(`seed ${at}`, seed);
    for (const [file, input] of corpusOf(target.name)) await t.test(file, () => check(file, input));
  });

  function check(says: string, input: Uint8Array): void {
    assert.doesNotThrow(() => target.check(input, true), says);
  }
}

for (const target of NATIVE_TARGETS) {
  const files = corpusOf(target.name);
  if (files.length === 0) continue; // the seeds are run with libFuzzer, in fuzz.test.ts; a build takes seconds
  test(`${target.name}.c: what stands in its corpus`, async (t) => {
    const wrong = await replayNative(
      target,
      files.map(([, input]) => input),
    );
    for (const [file, input] of files) await t.test(file, () => assert.ok(!wrong.has(input), wrong.get(input)));
  });
}

test('every folder of the corpus is that of a target', () => {
  const names = [...TARGETS, ...NATIVE_TARGETS].map(({ name }) => name);
  assert.deepEqual(
    corpusFolders().filter((folder) => !names.includes(folder)),
    [],
  );
});
