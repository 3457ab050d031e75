import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readStatusLine } from '../../../../agent/wire/http1-status-line.ts';
import { ascii, settlesAt } from './settling.ts';

const taken = [
  { line: 'HTTP/1.1 200 OK', status: 200, version: '1.1' },
  { line: 'HTTP/1.0 404', status: 404, version: '1.0' },
  { line: 'HTTP/1.1 999 ', status: 999, version: '1.1' },
  { line: 'HTTP/1.1 404 Nicht\tgef\xfcnden', status: 404, version: '1.1' },
] as const;
for (const { line, status, version } of taken) {
  test(`${JSON.stringify(line)}: ${status}`, () => {
    const bytes = ascii(`${line}\r\nX: y`);
    assert.deepEqual(readStatusLine(bytes), { kind: 'status', status, version, next: line.length + 2 });
    assert.equal(settlesAt(bytes, readStatusLine), line.length + 2);
  });
}

const faults = [
  { text: 'HTTP/2', why: 'an answer that does not begin with HTTP/1' },
  { text: 'HTTP/1.1 200OK\r\n', why: 'a status line that is none' },
  { text: 'HTTP/1.1 099 OK\r\n', why: 'a status line that is none' },
  { text: 'HTTP/1.1 200 OK\n', why: 'LF without CR' },
  { text: `HTTP/1.1 200 ${'x'.repeat(4096)}`, why: 'a status line that is too long' },
];
for (const { text, why } of faults)
  test(`${JSON.stringify(text.slice(0, 40))}: ${why}`, () =>
    assert.deepEqual(readStatusLine(ascii(text)), { kind: 'bad', why }));
