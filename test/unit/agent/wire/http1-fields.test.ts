import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OBS_TEXT, TEXT } from '../../../../agent/wire/ascii.ts';
import { readFields } from '../../../../agent/wire/http1-fields.ts';
import { ascii, concat } from './settling.ts';

const start = { lineStart: 0, scanned: 0, fields: [] };

test('no field at all', () => {
  assert.deepEqual(readFields(ascii('\r\nrest'), start, TEXT), { kind: 'fields', fields: [], headBytes: 2 });
});

test('progress given back gives the same fields, and is not changed by it', () => {
  const bytes = ascii('A: 1\r\nB: 2\r\nC: 3\r\n\r\n');
  const first = readFields(bytes.slice(0, 9), start, TEXT);
  assert.ok(first.kind === 'more');
  assert.deepEqual(first.progress.fields, [['a', '1']]);
  for (let time = 0; time < 2; time++)
    assert.deepEqual(readFields(bytes, first.progress, TEXT), readFields(bytes, start, TEXT));
  assert.deepEqual(first.progress.fields, [['a', '1']]);
});

test('offsets hold behind bytes that are not ASCII', () => {
  const bytes = concat(ascii('A: '), Uint8Array.of(0x81, 0xe4, 0xff), ascii('\r\nB: 2\r\n\r\n'));
  const result = readFields(bytes, start, TEXT | OBS_TEXT);
  assert.deepEqual(result.kind === 'fields' && result.fields[1], ['b', '2']);
  assert.deepEqual(readFields(bytes, start, TEXT), { kind: 'bad', why: 'a byte that is not ASCII' });
});

const faults = [
  { text: 'A : 1\r\n', why: 'a blank in or behind a field name' },
  { text: 'A: 1\r\n 2\r\n', why: 'a folded line' },
  { text: 'A(: 1\r\n', why: 'a field name that is no token' },
  { text: 'A\r\n', why: 'a field name that is no token' },
  { text: ': 1\r\n', why: 'a line without a field name' },
  { text: 'A : 1\r\nB\0: 2\r\n', why: 'a blank in or behind a field name' },
];
for (const { text, why } of faults)
  test(`${JSON.stringify(text)}: ${why}`, () =>
    assert.deepEqual(readFields(ascii(text), start, TEXT), { kind: 'bad', why }));
