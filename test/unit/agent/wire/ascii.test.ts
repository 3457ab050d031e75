import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BLANK, classOf, OBS_TEXT, TEXT, TOKEN, textOf } from '../../../../agent/wire/ascii.ts';

test('every byte has the classes of RFC 9110', () => {
  for (let byte = 0; byte < 256; byte++) {
    const character = String.fromCharCode(byte);
    const want =
      (/[!#$%&'*+\-.^_`|~0-9A-Za-z]/.test(character) ? TOKEN : 0) |
      (/[\t -~]/.test(character) ? TEXT : 0) |
      (byte >= 0x80 ? OBS_TEXT : 0) |
      (/[\t ]/.test(character) ? BLANK : 0);
    assert.equal(classOf(byte), want, `byte ${byte}`);
  }
  assert.equal(classOf(undefined), 0);
});

test('text has one character for each byte, no two bytes the same one', () => {
  const all = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  const text = textOf(all, 0, 256);
  assert.equal(text.length, 256);
  assert.equal(new Set(text).size, 256);
  assert.equal(text.slice(0, 128), String.fromCharCode(...all.slice(0, 128)));
  assert.equal(textOf(all, 65, 68), 'ABC');
});
