import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OBS_TEXT, TEXT } from '../../../../agent/wire/ascii.ts';
import { cutLines } from '../../../../agent/wire/http1-lines.ts';
import { ascii } from './settling.ts';

function cut(text: string, allowed: number = TEXT) {
  return cutLines(ascii(text), { lineStart: 0, scanned: 0 }, text.length, allowed);
}

test('cuts up to the empty line, and says where the rest begins', () => {
  assert.deepEqual(cut('ab\r\nc\r\n\r\nrest\n'), { ends: [2, 5, 7], stop: 'end', scanned: 9 });
  assert.deepEqual(cut('\r\n'), { ends: [0], stop: 'end', scanned: 2 });
});

test('goes on where it stopped, also between CR and LF', () => {
  const first = cut('ab\r\nc\r');
  assert.deepEqual(first, { ends: [2], stop: 'more', scanned: 5 });
  const rest = cutLines(ascii('ab\r\nc\r\n\r\n'), { lineStart: 4, scanned: first.scanned }, 9, TEXT);
  assert.deepEqual(rest, { ends: [5, 7], stop: 'end', scanned: 9 });
});

test('stops after as many lines as wanted, and looks at nothing behind', () => {
  const text = 'ab\r\n\0';
  assert.deepEqual(cutLines(ascii(text), { lineStart: 0, scanned: 0 }, text.length, TEXT, 1).stop, 'end');
});

const faults = [
  { text: 'a\nb', why: 'LF without CR' },
  { text: 'a\rb', why: 'CR without LF' },
  { text: 'a\r\n\rb', why: 'CR without LF' },
  { text: 'a\0', why: 'a control byte' },
  { text: 'a\x80', why: 'a byte that is not ASCII' },
];
for (const { text, why } of faults)
  test(`${JSON.stringify(text)}: ${why}`, () => assert.deepEqual(cut(text).stop, { kind: 'bad', why }));

test('bytes from 0x80 pass where they are allowed', () => {
  assert.equal(cut('a\x80\r\n\r\n', TEXT | OBS_TEXT).stop, 'end');
});
