import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { closeSync, writeSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { openLogDescriptor } from '../../../../agent/log/descriptor.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import { unreadFifo } from '../../../support/unread-fifo.ts';

test('a file is appended to', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'log');
  await writeFile(path, 'before\n');
  const { fd, mayWait } = openLogDescriptor(path);
  assert.equal(mayWait, true);
  writeSync(fd, 'after\n');
  closeSync(fd);
  assert.equal(await readFile(path, 'utf8'), 'before\nafter\n');
});

test('a full pipe answers EAGAIN instead of waiting', async () => {
  await using fifo = await unreadFifo();
  const { fd, mayWait } = openLogDescriptor(fifo.path);
  assert.equal(mayWait, false);
  assert.throws(
    () => {
      for (;;) writeSync(fd, 'x'.repeat(4096));
    },
    { code: 'EAGAIN' },
  );
  closeSync(fd);
});

test('a pipe without any reader throws', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'pipe');
  await promisify(execFile)('mkfifo', [path]);
  assert.throws(() => openLogDescriptor(path), { code: 'ENXIO' });
});
