import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, readFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { openAccessLog } from '../../../../agent/log/access-log.ts';
import { accessRecord } from '../../../support/access-record.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import { until } from '../../../support/until.ts';

const PROGRAM = join(import.meta.dirname, '../../../support/fixture-programs/log-and-exit.ts');
const run = promisify(execFile);

test('a record is on disk within 200 ms, without a flush', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'access.log');
  const log = openAccessLog({ path, format: 'json', onError: assert.fail });
  const began = performance.now();
  log.write(accessRecord());
  await until(async () => (await readFile(path, 'utf8')).endsWith('\n'));
  assert.ok(performance.now() - began < 200);
  await log.close();
});

test('every record is there, once, in order and whole, after close', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'access.log');
  const log = openAccessLog({ path, format: 'json', onError: assert.fail });
  for (let at = 0; at < 5_000; at++) log.write(accessRecord({ bytesSent: at, path: `/${'ü'.repeat(at % 300)}` }));
  await log.close();
  assert.deepEqual(numbers(await readFile(path, 'utf8')), sequence(0, 5_000));
  assert.deepEqual(log.stats(), { dropped: 0, errors: 0, heldBytes: 0 });
});

test('a writer for one connection writes what write would, in order with it, and into the new file after a reopen', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'access.log');
  const log = openAccessLog({ path, format: 'json', onError: assert.fail });
  const writeLike = log.writerLike(accessRecord());
  log.write(accessRecord({ bytesSent: 0 }));
  writeLike(accessRecord({ bytesSent: 1 }));
  log.write(accessRecord({ bytesSent: 2 }));
  await log.flush();
  await rename(path, `${path}.1`);
  log.reopen();
  writeLike(accessRecord({ bytesSent: 3 }));
  await log.close();
  assert.deepEqual(numbers(await readFile(`${path}.1`, 'utf8')), sequence(0, 3));
  assert.deepEqual(numbers(await readFile(path, 'utf8')), [3]);
});

test('flush settles when all is written', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'access.log');
  const log = openAccessLog({ path, format: 'json', onError: assert.fail });
  for (let at = 0; at < 500; at++) log.write(accessRecord({ bytesSent: at }));
  await log.flush();
  assert.deepEqual(numbers(await readFile(path, 'utf8')), sequence(0, 500));
  await log.close();
});

test('the file is readable for its owner and group only', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'access.log');
  await openAccessLog({ path, format: 'json', onError: assert.fail }).close();
  assert.equal((await stat(path)).mode & 0o007, 0);
});

test('rotation: after reopen records go to the new file, none is lost', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'access.log');
  const log = openAccessLog({ path, format: 'json', onError: assert.fail });
  for (let at = 0; at < 300; at++) log.write(accessRecord({ bytesSent: at }));
  await rename(path, `${path}.1`);
  log.reopen();
  for (let at = 300; at < 400; at++) log.write(accessRecord({ bytesSent: at }));
  await log.close();
  assert.deepEqual(numbers(await readFile(`${path}.1`, 'utf8')), sequence(0, 300));
  assert.deepEqual(numbers(await readFile(path, 'utf8')), sequence(300, 400));
});

test('a reopen that fails is reported and the old file stays in use', async () => {
  await using folder = await temporaryFolder();
  const inner = await mkdtemp(join(folder.path, 'inner-'));
  const errors: Error[] = [];
  const log = openAccessLog({
    path: join(inner, 'access.log'),
    format: 'json',
    onError: (error) => errors.push(error),
  });
  await rename(inner, join(folder.path, 'moved'));
  log.reopen();
  log.write(accessRecord({ bytesSent: 7 }));
  await log.close();
  assert.equal(errors.length, 1);
  assert.deepEqual(numbers(await readFile(join(folder.path, 'moved/access.log'), 'utf8')), [7]);
});

test('a file that cannot be opened throws at once', () => {
  const path = '/proc/no/such/folder/access.log';
  assert.throws(() => openAccessLog({ path, format: 'json', onError: assert.fail }), { code: 'ENOENT' });
});

describe('the process ends', () => {
  test('with process.exit: what was written is on disk', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'access.log');
    await run(process.execPath, [PROGRAM, path, '500', 'exit']);
    assert.deepEqual(numbers(await readFile(path, 'utf8')), sequence(0, 500));
  });

  test('on standard output, to a pipe that is read', async () => {
    const { stdout } = await run('/bin/sh', ['-c', `'${process.execPath}' '${PROGRAM}' - 500 exit | cat`]);
    assert.deepEqual(numbers(stdout), sequence(0, 500));
  });

  for (const ending of ['exit', 'close']) {
    test(`by ${ending}, with a standard output that nobody reads`, async () => {
      const program = `'${process.execPath}' '${PROGRAM}' - 20000 ${ending}`;
      const child = spawn('/bin/sh', ['-c', `{ ${program}; echo ended >&2; } | exec sleep 20`], { detached: true });
      let said = '';
      child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
      await until(() => said.includes('ended'), 8_000);
      if (child.pid) process.kill(-child.pid); // the whole pipeline
      assert.match(said, /dropped [1-9]/);
    });
  }
});

function numbers(text: string): readonly unknown[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => {
      const parsed: unknown = JSON.parse(line);
      return typeof parsed === 'object' && parsed && 'bytes_sent' in parsed ? parsed.bytes_sent : undefined;
    });
}

function sequence(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from }, (_, at) => from + at);
}
