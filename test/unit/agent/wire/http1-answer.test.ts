import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { type AnswerResult, parseAnswerHead } from '../../../../agent/wire/http1-answer.ts';
import { HEAD_CAP_BYTES } from '../../../../agent/wire/http1-fields.ts';
import { ascii, concat, fixture, fixturesIn, settlesAt } from './settling.ts';

function toGet(bytes: Uint8Array): AnswerResult {
  return parseAnswerHead(bytes, { requestMethod: 'GET' });
}

function answer(status: string, ...lines: readonly string[]): Uint8Array {
  return ascii([`HTTP/1.1 ${status}`, ...lines, '', ''].join('\r\n'));
}

/** What the server was told to send to a GET. */
const captured: Record<string, readonly [status: number, body: string, keepAlive: boolean]> = {
  'node-24-length.bin': [200, 'length', true],
  'node-24-chunked.bin': [200, 'chunked', true],
  'node-24-early-hints.bin': [103, 'none', true],
  'node-24-trailers.bin': [200, 'chunked', true],
  'node-24-204.bin': [204, 'none', true],
  'node-24-until-close.bin': [200, 'until-close', false],
  'python-3-file.bin': [200, 'length', false],
  'python-3-404.bin': [404, 'length', false],
};

for (const path of fixturesIn('http-answer')) {
  test(`${path}: read as sent, at every length`, () => {
    const bytes = fixture(path);
    const result = toGet(bytes);
    assert.ok(result.kind === 'head', JSON.stringify(result));
    const want = captured[path.slice('http-answer/'.length)];
    assert.deepEqual([result.status, result.body.kind, result.keepAlive], want);
    assert.equal(settlesAt(bytes, toGet), result.headBytes);
  });
}

test('the final answer follows the interim one', () => {
  const bytes = fixture('http-answer/node-24-early-hints.bin');
  const hints = toGet(bytes);
  assert.ok(hints.kind === 'head' && hints.interim);
  const final = toGet(bytes.slice(hints.headBytes));
  assert.ok(final.kind === 'head');
  assert.deepEqual([final.status, final.interim, final.body], [200, false, { kind: 'length', bytes: 5 }]);
});

const CHUNKED = 'Transfer-Encoding: chunked';
const bodies = [
  { method: 'GET', status: '200 OK', lines: ['Content-Length: 5'], body: { kind: 'length', bytes: 5 } },
  { method: 'GET', status: '200 OK', lines: ['Content-Length: 0'], body: { kind: 'none' } },
  { method: 'GET', status: '200 OK', lines: [CHUNKED], body: { kind: 'chunked' } },
  { method: 'GET', status: '200 OK', lines: [], body: { kind: 'until-close' } },
  { method: 'GET', status: '205 Reset', lines: ['Content-Length: 0'], body: { kind: 'none' } },
  { method: 'GET', status: '204 No Content', lines: [], body: { kind: 'none' } },
  { method: 'GET', status: '204 No Content', lines: ['Content-Length: 0'], body: { kind: 'none' } },
  { method: 'GET', status: '304 Not Modified', lines: ['Content-Length: 5'], body: { kind: 'none' } },
  { method: 'GET', status: '304 Not Modified', lines: [CHUNKED], body: { kind: 'none' } },
  { method: 'HEAD', status: '200 OK', lines: ['Content-Length: 5'], body: { kind: 'none' } },
  { method: 'HEAD', status: '200 OK', lines: [CHUNKED], body: { kind: 'none' } },
  { method: 'HEAD', status: '200 OK', lines: [], body: { kind: 'none' } },
  { method: 'GET', status: '100 Continue', lines: [], body: { kind: 'none' } },
  { method: 'GET', status: '101 Switching Protocols', lines: ['Upgrade: websocket'], body: { kind: 'tunnel' } },
  { method: 'CONNECT', status: '200 OK', lines: ['Content-Length: 5'], body: { kind: 'tunnel' } },
  { method: 'CONNECT', status: '200 OK', lines: [CHUNKED], body: { kind: 'tunnel' } },
  { method: 'CONNECT', status: '403 Forbidden', lines: ['Content-Length: 5'], body: { kind: 'length', bytes: 5 } },
] as const;

for (const { method, status, lines, body } of bodies) {
  test(`${method}, ${status} [${lines.join()}]: ${body.kind}`, () => {
    const result = parseAnswerHead(answer(status, ...lines), { requestMethod: method });
    assert.deepEqual(result.kind === 'head' && result.body, body);
  });
}

test('the offset of the first field is where one can be put in, whatever follows', () => {
  for (const status of ['200', '200 OK', '404 Nicht gef\xfcnden', '101 Switching Protocols']) {
    for (const lines of [[], ['X: y'], ['Upgrade: websocket', 'X: y']]) {
      const bytes = answer(status, ...lines);
      const result = toGet(bytes);
      assert.ok(result.kind === 'head');
      const more = concat(bytes.slice(0, result.fieldsAt), ascii('A: b\r\n'), bytes.slice(result.fieldsAt));
      const again = toGet(more);
      assert.ok(again.kind === 'head');
      assert.deepEqual(again.headers, [['a', 'b'], ...result.headers]);
      assert.deepEqual([again.fieldsAt, again.headBytes], [result.fieldsAt, result.headBytes + 6]);
    }
  }
});

test('the protocols of Upgrade, lower case, of all its fields', () => {
  const result = toGet(answer('101 x', 'Upgrade: WebSocket, h2c', 'Upgrade:  TLS/1.0'));
  assert.ok(result.kind === 'head');
  assert.deepEqual(result.upgrade, ['websocket', 'h2c', 'tls/1.0']);
  const none = toGet(answer('101 x'));
  assert.deepEqual(none.kind === 'head' && none.upgrade, []);
});

test('only 1xx but 101 is interim', () => {
  const interim = ['100', '103', '101', '199', '200'].map((status) => {
    const result = toGet(answer(`${status} x`));
    return result.kind === 'head' && result.interim;
  });
  assert.deepEqual(interim, [true, true, false, true, false]);
});

test('keep-alive by version, Connection and the kind of body', () => {
  const kept = (bytes: Uint8Array) => {
    const result = toGet(bytes);
    return result.kind === 'head' && result.keepAlive;
  };
  assert.equal(kept(answer('200 OK', 'Content-Length: 1')), true);
  assert.equal(kept(answer('200 OK', 'Content-Length: 1', 'Connection: close')), false);
  assert.equal(kept(answer('200 OK')), false);
  assert.equal(kept(ascii('HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n')), false);
  assert.equal(kept(ascii('HTTP/1.0 200 OK\r\nContent-Length: 1\r\nConnection: keep-alive\r\n\r\n')), true);
});

test('let pass: no reason phrase, bytes from 0x80 in it and in values, status 999', () => {
  for (const bytes of [
    answer('200'),
    answer('200 '),
    answer('404 Nicht gef\xfcnden'),
    answer('999 x'),
    answer('200 OK', 'X: \xe4'),
  ])
    assert.equal(toGet(bytes).kind, 'head');
});

const bad = [
  { says: 'both Transfer-Encoding and Content-Length', bytes: answer('200 OK', CHUNKED, 'Content-Length: 5') },
  { says: 'both, to HEAD alike', bytes: answer('304 x', CHUNKED, 'Content-Length: 5') },
  { says: 'differing lengths', bytes: answer('200 OK', 'Content-Length: 5', 'Content-Length: 6') },
  { says: 'equal lengths', bytes: answer('200 OK', 'Content-Length: 5', 'Content-Length: 5') },
  { says: 'a list of lengths', bytes: answer('200 OK', 'Content-Length: 5, 5') },
  { says: 'a coding in HTTP/1.0', bytes: ascii(`HTTP/1.0 200 OK\r\n${CHUNKED}\r\n\r\n`) },
  { says: 'coding gzip, chunked', bytes: answer('200 OK', 'Transfer-Encoding: gzip, chunked') },
  { says: 'length on 204', bytes: answer('204 No Content', 'Content-Length: 5') },
  { says: 'chunks on 204', bytes: answer('204 No Content', CHUNKED) },
  { says: 'length on 100', bytes: answer('100 Continue', 'Content-Length: 5') },
  { says: 'chunks on 101', bytes: answer('101 x', CHUNKED) },
  { says: 'a folded line', bytes: answer('200 OK', 'X: a', ' b') },
  { says: 'space before the colon', bytes: answer('200 OK', 'Content-Length : 5') },
  { says: 'LF alone', bytes: ascii('HTTP/1.1 200 OK\nContent-Length: 5\r\n\r\n') },
  { says: 'CR alone in a value', bytes: answer('200 OK', 'X: a\rContent-Length: 5') },
  { says: 'NUL in the reason phrase', bytes: answer('200 O\0K') },
  { says: 'status of two digits', bytes: answer('20 OK') },
  { says: 'status of four digits', bytes: answer('2000 OK') },
  { says: 'status 099', bytes: answer('099 OK') },
  { says: 'two spaces before the status', bytes: answer(' 200 OK') },
  { says: 'HTTP/1.2', bytes: ascii('HTTP/1.2 200 OK\r\n\r\n') },
  { says: 'HTTP/2.0', bytes: ascii('HTTP/2.0 200 OK\r\n\r\n') },
  { says: 'lower case', bytes: ascii('http/1.1 200 OK\r\n\r\n') },
  { says: 'ICY', bytes: ascii('ICY 200 OK\r\n\r\n') },
  { says: 'HTTP/0.9', bytes: ascii('<html>') },
  { says: 'an empty line ahead', bytes: ascii('\r\nHTTP/1.1 200 OK\r\n\r\n') },
  { says: 'a reason phrase of 5 kB', bytes: answer(`200 ${'x'.repeat(5000)}`) },
];

for (const { says, bytes } of bad) {
  test(`bad answer: ${says}`, () => {
    assert.equal(toGet(bytes).kind, 'bad');
    assert.ok(settlesAt(bytes, toGet) <= bytes.length);
  });
}

test('a head over 64 KiB is bad, not endless', () => {
  const bytes = answer('200 OK', `X: ${'y'.repeat(HEAD_CAP_BYTES)}`);
  assert.equal(toGet(bytes.slice(0, HEAD_CAP_BYTES - 1)).kind, 'more');
  assert.equal(toGet(bytes.slice(0, HEAD_CAP_BYTES)).kind, 'bad');
});

test('random bytes and changed captures: total, deterministic, settled once', () => {
  const sources = fixturesIn('http-answer').map(fixture);
  const change = fc.record({ at: fc.nat(300), to: fc.oneof(fc.constantFrom(...ascii('\r\n\0 \t:,0')), fc.nat(255)) });
  fc.assert(
    fc.property(
      fc.constantFrom(...sources),
      fc.array(change, { maxLength: 3 }),
      fc.nat(300),
      (source, changes, cut) => {
        const bytes = source.slice();
        for (const { at, to } of changes) bytes[at % bytes.length] = to;
        const whole = toGet(bytes);
        assert.deepEqual(toGet(bytes), whole);
        const part = toGet(bytes.slice(0, cut));
        if (part.kind !== 'more') assert.deepEqual(part, whole);
      },
    ),
    { numRuns: 2000 },
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      settlesAt(concat(ascii('HTTP/1.1 200 OK\r\n'), bytes), toGet);
    }),
    { numRuns: 200 },
  );
});
