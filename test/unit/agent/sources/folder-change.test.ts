import { equal, ok } from 'node:assert/strict';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { onFolderChange } from '../../../../agent/sources/folder-change.ts';
import { until } from '../../../support/until.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** Counts the looks at a folder until the test ends. */
function lookingAt(context: TestContext, dir: string): { count: number } {
  const looks = { count: 0 };
  const change = onFolderChange(dir, async () => {
    looks.count++;
  });
  context.after(change.close);
  return looks;
}

test('looks at once, and again within a second of a write', async (context) => {
  const dir = temporaryFolder(context);
  const looks = lookingAt(context, dir);
  await until(() => looks.count === 1);
  writeFileSync(join(dir, 'a.yaml'), 'a');
  await until(() => looks.count === 2, 1_000);
});

test('looks once for many writes', async (context) => {
  const dir = temporaryFolder(context);
  const looks = lookingAt(context, dir);
  await until(() => looks.count === 1);
  for (let at = 0; at < 200; at++) writeFileSync(join(dir, `f${at}.yaml`), 'a');
  await until(() => looks.count === 2, 1_000);
  writeFileSync(join(dir, 'last.yaml'), 'a');
  await until(() => looks.count === 3, 1_000);
});

test('is not put off for ever by somebody who never stops writing', async (context) => {
  const dir = temporaryFolder(context);
  const looks = lookingAt(context, dir);
  await until(() => looks.count === 1);
  await until(() => {
    writeFileSync(join(dir, 'busy.yaml'), String(performance.now()));
    return looks.count >= 2;
  }, 4_000);
});

test('files of others do not matter', async (context) => {
  const dir = temporaryFolder(context);
  const looks = lookingAt(context, dir);
  await until(() => looks.count === 1);
  writeFileSync(join(dir, 'agent.log'), 'a');
  writeFileSync(join(dir, '.a.yaml.swp'), 'a');
  writeFileSync(join(dir, 'a.yaml'), 'a');
  await until(() => looks.count === 2, 1_000);
});

test('a folder that comes later, goes, and comes back', async (context) => {
  const dir = join(temporaryFolder(context), 'config');
  const looks = lookingAt(context, dir);
  await until(() => looks.count === 1);
  for (let round = 0; round < 2; round++) {
    let before = looks.count;
    mkdirSync(dir);
    await until(() => looks.count > before, 1_000);
    before = looks.count;
    writeFileSync(join(dir, 'a.yaml'), 'a');
    await until(() => looks.count > before, 1_000);
    before = looks.count;
    rmSync(dir, { recursive: true });
    await until(() => looks.count > before, 1_000);
  }
});

test('a folder made anew at once, which may get the inode of the old one', async (context) => {
  const dir = join(temporaryFolder(context), 'config');
  mkdirSync(dir);
  const looks = lookingAt(context, dir);
  await until(() => looks.count === 1);
  rmSync(dir, { recursive: true });
  mkdirSync(dir);
  await until(() => looks.count === 2, 1_000);
  for (const name of ['a.yaml', 'b.yaml']) {
    const before = looks.count;
    writeFileSync(join(dir, name), 'a');
    await until(() => looks.count > before, 1_000);
  }
});

test('another folder in its place', async (context) => {
  const root = temporaryFolder(context);
  const dir = join(root, 'config');
  mkdirSync(dir);
  const looks = lookingAt(context, dir);
  await until(() => looks.count === 1);
  mkdirSync(join(root, 'next'));
  renameSync(dir, join(root, 'old'));
  renameSync(join(root, 'next'), dir);
  await until(() => looks.count === 2, 1_000);
  writeFileSync(join(dir, 'a.yaml'), 'a');
  await until(() => looks.count === 3, 1_000);
});

test('never two looks at a time, and one after the last change', async (context) => {
  const dir = temporaryFolder(context);
  let running = 0;
  let done = 0;
  const gates: (() => void)[] = [];
  const change = onFolderChange(dir, async () => {
    equal(++running, 1);
    await new Promise<void>((resolve) => gates.push(resolve));
    running--;
    done++;
  });
  context.after(change.close);
  await until(() => gates.length === 1);
  const other = lookingAt(context, dir);
  await until(() => other.count === 1);
  writeFileSync(join(dir, 'a.yaml'), 'a');
  await until(() => other.count === 2, 1_000); // both have heard of the write, and the first is still looking
  equal(gates.length, 1);
  gates[0]?.();
  await until(() => gates.length === 2, 1_000);
  gates[1]?.();
  await until(() => done === 2);
});

test('a closed one looks no more and lets the process end', async (context) => {
  const dir = temporaryFolder(context);
  let looks = 0;
  const change = onFolderChange(dir, async () => {
    looks++;
  });
  await until(() => looks === 1);
  equal(change.closed(), false);
  change.close();
  equal(change.closed(), true);
  writeFileSync(join(dir, 'a.yaml'), 'a');
  const other = lookingAt(context, dir);
  await until(() => other.count === 1);
  writeFileSync(join(dir, 'a.yaml'), 'b');
  await until(() => other.count === 2, 1_000);
  ok(looks === 1, 'the other one has seen two changes, the closed one none');
});
