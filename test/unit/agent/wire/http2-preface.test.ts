import assert from 'node:assert/strict';
import { test } from 'node:test';
import { matchPreface } from '../../../../agent/wire/http2-preface.ts';
import { ascii, fixture, settlesAt } from './settling.ts';

test("curl's prior knowledge: settled with its 24th byte", () => {
  const bytes = fixture('http-request/curl-7.88-h2-prior-knowledge.bin');
  assert.equal(matchPreface(bytes), 'preface');
  assert.equal(
    settlesAt(bytes, (prefix) => ({ kind: matchPreface(prefix) })),
    24,
  );
});

test('any other byte settles it at once', () => {
  const preface = fixture('http-request/curl-7.88-h2-prior-knowledge.bin').slice(0, 24);
  for (let at = 0; at < preface.length; at++) {
    const changed = preface.slice();
    changed[at] = 0x58;
    assert.equal(
      settlesAt(changed, (prefix) => ({ kind: matchPreface(prefix) })),
      at + 1,
    );
    assert.equal(matchPreface(changed), 'no');
  }
  assert.equal(matchPreface(ascii('')), 'more');
  assert.equal(matchPreface(ascii('POST / HTTP/1.1')), 'no');
});
