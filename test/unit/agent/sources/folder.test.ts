import { deepEqual, equal, match, notEqual } from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fingerprint, readFolderText } from '../../../../agent/sources/folder.ts';
import { temporaryFolder } from './temporary-folder.ts';

async function filesOf(dir: string): Promise<readonly (readonly [name: string, content: string])[]> {
  const folder = await readFolderText(dir);
  if (!folder.ok) throw new Error(folder.problem.message);
  return folder.files.map(
    (file) => [file.file.slice(dir.length + 1), 'text' in file ? file.text : `! ${file.problem.message}`] as const,
  );
}

/** A folder with one sound file `a.yaml`, and its path. */
function folderWithFile(context: TestContext): string {
  const dir = temporaryFolder(context);
  writeFileSync(join(dir, 'a.yaml'), 'a');
  return dir;
}

test('names that count, in order', async (context) => {
  const dir = temporaryFolder(context);
  for (const name of [
    'b.yml',
    'a.yaml',
    'c.json',
    '.hidden.yaml',
    'a.yaml~',
    'a.yaml.bak',
    'yaml',
    'A.YAML',
    'B.yaml',
    '..data',
  ])
    writeFileSync(join(dir, name), name);
  mkdirSync(join(dir, 'sub'));
  writeFileSync(join(dir, 'sub', 'd.yaml'), 'd');
  deepEqual(
    await filesOf(dir),
    ['B.yaml', 'a.yaml', 'b.yml', 'c.json'].map((name) => [name, name]),
  );
});

test('more files than are read at once', async (context) => {
  const dir = temporaryFolder(context);
  const names = Array.from({ length: 100 }, (_, at) => `f${String(at).padStart(3, '0')}.yaml`);
  for (const name of names) writeFileSync(join(dir, name), name);
  deepEqual(
    await filesOf(dir),
    names.map((name) => [name, name]),
  );
});

test('a mark of byte order is no text', async (context) => {
  const dir = temporaryFolder(context);
  writeFileSync(join(dir, 'a.yaml'), '\ufeffa: 1');
  deepEqual(await filesOf(dir), [['a.yaml', 'a: 1']]);
});

test('links are followed; one that leads nowhere is no file', async (context) => {
  const dir = folderWithFile(context);
  symlinkSync('a.yaml', join(dir, 'b.yaml'));
  symlinkSync('nowhere', join(dir, 'c.yaml'));
  deepEqual(await filesOf(dir), [
    ['a.yaml', 'a'],
    ['b.yaml', 'a'],
  ]);
});

test('what cannot be read says why, and leaves the others alone', async (context) => {
  const dir = folderWithFile(context);
  mkdirSync(join(dir, 'folder.yaml'));
  execFileSync('/usr/bin/mkfifo', [join(dir, 'pipe.yaml')]);
  symlinkSync('loop.yaml', join(dir, 'loop.yaml'));
  writeFileSync(join(dir, 'latin1.yaml'), Buffer.from([0x61, 0xe9, 0x0a]));
  const large = openSync(join(dir, 'large.yaml'), 'w');
  ftruncateSync(large, 64 * 1024 * 1024 + 1); // sparse: takes no space
  closeSync(large);
  deepEqual(await filesOf(dir), [
    ['a.yaml', 'a'],
    ['folder.yaml', '! not a file; expected one, or another name'],
    ['large.yaml', '! larger than 67108864 bytes; expected it to be split'],
    ['latin1.yaml', '! not UTF-8 text; expected YAML or JSON in UTF-8'],
    ['loop.yaml', '! cannot be read: ELOOP'],
    ['pipe.yaml', '! not a file; expected one, or another name'],
  ]);
});

test('a file without permission', async (context) => {
  const dir = folderWithFile(context);
  chmodSync(dir, 0o755);
  writeFileSync(join(dir, 'secret.yaml'), 'a', { mode: 0o000 });
  const read = await asNobody(() => filesOf(dir));
  deepEqual(read, [
    ['a.yaml', 'a'],
    ['secret.yaml', '! cannot be read: permission denied (EACCES)'],
  ]);
});

/** Root may read everything, so the tests that are run by root look as somebody else for a moment. */
async function asNobody<T>(look: () => Promise<T>): Promise<T> {
  const own = process.geteuid?.();
  if (own === 0) process.seteuid?.(65_534);
  try {
    return await look();
  } finally {
    if (own === 0) process.seteuid?.(0);
  }
}

for (const [says, make, message] of [
  ['that does not exist', (dir: string) => join(dir, 'none'), /does not exist \(ENOENT\)/],
  ['that is a file', (dir: string) => join(dir, 'a.yaml'), /not a folder \(ENOTDIR\)/],
] as const) {
  test(`a folder ${says}`, async (context) => {
    const dir = make(folderWithFile(context));
    const folder = await readFolderText(dir);
    if (folder.ok) throw new Error('was read');
    match(folder.problem.message, message);
    deepEqual(folder.problem.position, { file: dir, line: 1, column: 1 });
  });
}

test('the fingerprint changes with what is read, and with nothing else', async (context) => {
  const dir = folderWithFile(context);
  const seen = [await fingerprint(dir)];
  equal(await fingerprint(dir), seen[0]);
  const step = async (change: () => void) => {
    change();
    const now = await fingerprint(dir);
    notEqual(now, seen.at(-1));
    seen.push(now);
  };
  await step(() => writeFileSync(join(dir, 'b.yaml'), 'b'));
  await step(() => writeFileSync(join(dir, 'b.yaml'), 'bb'));
  await step(() => renameSync(join(dir, 'b.yaml'), join(dir, 'c.yaml')));
  await step(() => renameSync(join(dir, 'c.yaml'), join(dir, 'a.yaml')));
  equal(await fingerprint(join(dir, 'none')), await fingerprint(join(dir, 'none')));
});
