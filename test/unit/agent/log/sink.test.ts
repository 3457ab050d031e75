import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { openLogDescriptor } from '../../../../agent/log/descriptor.ts';
import { openSink, type Sink, type SinkOptions } from '../../../../agent/log/sink.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import { unreadFifo } from '../../../support/unread-fifo.ts';
import { until } from '../../../support/until.ts';

test('a full disk: counted, reported once, never fatal', async () => {
  const errors: NodeJS.ErrnoException[] = [];
  const sink = open('/dev/full', { onError: (error) => errors.push(error), limitBytes: 50_000 });
  writeLines(sink, 1_000);
  await until(() => sink.stats().errors > 1);
  assert.deepEqual(
    errors.map((error) => error.code),
    ['ENOSPC'],
  );
  assert.ok(sink.stats().heldBytes <= 50_000);
  await sink.close();
  assert.equal(sink.stats().dropped, 1_000, 'every line is accounted for');
});

test('lines of any length and script, also such that no batch holds, arrive whole and in order', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'lines');
  const sink = open(path, {});
  const lines = [1, 300_000, 2, 87_000, 87_400, 3, 262_143, 1].flatMap((length, at) => [
    `${at} ${'x'.repeat(length)}\n`,
    `${at} ${'\u00fc\u20ac'.repeat(length / 2)}\n`,
  ]);
  for (const each of lines) sink.write(each);
  assert.equal(sink.stats().heldBytes <= Buffer.byteLength(lines.join('')), true);
  await sink.close();
  assert.equal(await readFile(path, 'utf8'), lines.join(''));
  assert.deepEqual(sink.stats(), { dropped: 0, errors: 0, heldBytes: 0 });
});

test('a line is taken if its bytes, not its characters, fit into what may be held', async () => {
  await using fifo = await unreadFifo();
  const sink = open(fifo.path, { limitBytes: 30 });
  sink.write('\u20ac'.repeat(10));
  assert.deepEqual(sink.stats(), { dropped: 0, errors: 0, heldBytes: 30 });
  sink.write('x');
  assert.deepEqual(sink.stats(), { dropped: 1, errors: 0, heldBytes: 30 });
  await sink.close();
});

describe('a pipe', () => {
  test('that nobody reads: bounded memory, the surplus counted, the rest kept for the reader', async () => {
    await using fifo = await unreadFifo();
    const sink = open(fifo.path, { limitBytes: 500_000 });
    writeLines(sink, 10_000);
    assert.ok(sink.stats().heldBytes <= 500_000);
    const { dropped } = sink.stats();
    assert.ok(dropped > 1_000);
    const text = fifo.readAll();
    await sink.flush();
    await sink.close();
    assert.equal(await text, Array.from({ length: 10_000 - dropped }, (_, at) => line(at)).join(''));
  });

  test('that nobody reads does not hold up close', async () => {
    await using fifo = await unreadFifo();
    const sink = open(fifo.path, {});
    writeLines(sink, 5_000);
    const began = performance.now();
    await sink.close();
    assert.ok(performance.now() - began < 3_000);
    assert.ok(sink.stats().dropped > 0);
  });

  test('whose reader goes away: lines are dropped and counted, and flush settles', async () => {
    const fifo = await unreadFifo();
    const errors: NodeJS.ErrnoException[] = [];
    const sink = open(fifo.path, { onError: (error) => errors.push(error) });
    await fifo[Symbol.asyncDispose]();
    writeLines(sink, 1);
    await sink.flush();
    writeLines(sink, 1);
    assert.deepEqual(
      errors.map((error) => error.code),
      ['EPIPE'],
    );
    assert.equal(sink.stats().dropped, 2);
    await sink.close();
  });
});

test('after close, lines are dropped and counted; close again and flush settle', async () => {
  const sink = open('/dev/null', {});
  writeLines(sink, 1);
  await sink.close();
  writeLines(sink, 2);
  await sink.flush();
  await sink.close();
  assert.deepEqual(sink.stats(), { dropped: 2, errors: 0, heldBytes: 0 });
});

function open(path: string, changes: Partial<SinkOptions>): Sink {
  return openSink({ to: openLogDescriptor(path), limitBytes: 8_000_000, onError: assert.fail, ...changes });
}

function writeLines(sink: Sink, count: number): void {
  for (let at = 0; at < count; at++) sink.write(line(at));
}

function line(at: number): string {
  return `${at} ${'x'.repeat(100)}\n`;
}
