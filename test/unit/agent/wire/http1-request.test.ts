import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { endpointText } from '../../../../agent/model/address.ts';
import type { Authority } from '../../../../agent/model/hostname.ts';
import { FIELD_COUNT_CAP, HEAD_CAP_BYTES } from '../../../../agent/wire/http1-fields.ts';
import { parseRequestHead, type RequestProgress, type RequestResult } from '../../../../agent/wire/http1-request.ts';
import { ascii, concat, fixture, fixturesIn, settlesAt } from './settling.ts';

/** As a caller that keeps `resume` sees it: in pieces of `size` bytes, each call with all bytes so far. */
function inPieces(bytes: Uint8Array, size: number): RequestResult {
  let resume: RequestProgress | undefined;
  for (let length = size; length < bytes.length; length += size) {
    const result = parseRequestHead(bytes.slice(0, length), resume);
    if (result.kind !== 'more') return result;
    resume = result.resume;
  }
  return parseRequestHead(bytes, resume);
}

function head(text: string) {
  const result = parseRequestHead(ascii(text));
  assert.equal(result.kind, 'head', JSON.stringify(result));
  return result;
}

/** A request for `/` of a.test with these lines added. */
function withLines(...lines: readonly string[]): string {
  return ['GET / HTTP/1.1', 'Host: a.test', ...lines, '', ''].join('\r\n');
}

function authorityText(authority: Authority | undefined): string {
  if (!authority) return '';
  const { host, port } = authority;
  if (host.kind === 'name') return port === undefined ? host.name : `${host.name}:${port}`;
  return port === undefined ? host.ip : endpointText({ ip: host.ip, port });
}

/** What each client was told to send: method, path, authority, body. */
const captured: Record<string, readonly [string, string, string, string]> = {
  'curl-7.88-head.bin': ['HEAD', '/', 'aliyun.com', 'none'],
  'curl-7.88-get.bin': ['GET', '/get?a=1&b=%20', 'httpbin.org', 'none'],
  'curl-7.88-post.bin': ['POST', '/post', 'httpbin.org', 'length'],
  'curl-7.88-chunked-expect.bin': ['PUT', '/put', 'httpbin.org', 'chunked'],
  'curl-7.88-1.0.bin': ['GET', '/', 'httpbin.org:8080', 'none'],
  'curl-7.88-h2c-upgrade.bin': ['GET', '/', 'httpbin.org', 'none'],
  'curl-7.88-proxy-absolute.bin': ['GET', '/a?b', 'aliyun.com', 'none'],
  'curl-7.88-proxy-connect.bin': ['CONNECT', '', 'aliyun.com:443', 'none'],
  'curl-7.88-options-asterisk.bin': ['OPTIONS', '*', 'aliyun.com', 'none'],
  'curl-7.88-ipv6-host.bin': ['GET', '/', '[2001:db8::7]:8080', 'none'],
  'node-24-post-chunked.bin': ['POST', '/p', 'api.test', 'chunked'],
  'node-24-fetch.bin': ['GET', '/x', '127.0.0.1', 'none'],
  'node-24-websocket.bin': ['GET', '/chat', '127.0.0.1', 'none'],
  'python-3-urllib.bin': ['GET', '/py', '127.0.0.1', 'none'],
};

for (const path of fixturesIn('http-request').filter((name) => !name.includes('prior-knowledge'))) {
  test(`${path}: read as sent, at every length and in any pieces`, () => {
    const bytes = fixture(path);
    const result = parseRequestHead(bytes);
    assert.equal(result.kind, 'head', JSON.stringify(result));
    const { method, authority, body, headBytes } = result;
    const [wantMethod, wantPath, wantAuthority, wantBody] = captured[path.slice('http-request/'.length)] ?? [];
    assert.deepEqual([method, result.path, body.kind], [wantMethod, wantPath, wantBody]);
    const text = authorityText(authority); // captures on loopback have the port of the day
    assert.equal(wantAuthority === '127.0.0.1' ? text.split(':')[0] : text, wantAuthority);
    assert.equal(settlesAt(bytes, parseRequestHead), headBytes);
    for (const size of [1, 3, 50]) assert.deepEqual(inPieces(bytes, size), result);
  });
}

test('names come in lower case, values without the blanks around, in the order sent', () => {
  const { headers, headBytes } = head(withLines('X-A: \t b c\t ', 'x-empty:', 'X-A:d', "!#$%&'*+-.^_`|~09: e"));
  const expected = [
    ['host', 'a.test'],
    ['x-a', 'b c'],
    ['x-empty', ''],
    ['x-a', 'd'],
    ["!#$%&'*+-.^_`|~09", 'e'],
  ];
  assert.deepEqual(headers, expected);
  assert.equal(headBytes, withLines('X-A: \t b c\t ', 'x-empty:', 'X-A:d', "!#$%&'*+-.^_`|~09: e").length);
});

test('an unknown method is HTTP by the version of its line', () => {
  assert.equal(head('FROB /x HTTP/1.1\r\nHost: a.test\r\n\r\n').method, 'FROB');
});

test('HTTP/1.0 needs no Host, and keeps alive only if it says so', () => {
  const bare = head('GET / HTTP/1.0\r\n\r\n');
  assert.deepEqual([bare.authority, bare.keepAlive, bare.version], [undefined, false, '1.0']);
  assert.equal(head('GET / HTTP/1.0\r\nConnection: x, Keep-Alive\r\n\r\n').keepAlive, true);
});

test('bytes behind the head, a body or the next request, belong to nobody here', () => {
  const one = withLines('Content-Length: 3');
  const result = parseRequestHead(concat(ascii(one), ascii('abcGET'), Uint8Array.of(0, 13, 255)));
  assert.deepEqual(result, parseRequestHead(ascii(one)));
  assert.equal(result.kind === 'head' && result.headBytes, one.length);
});

const bad = [
  { says: 'LF alone behind the request line', text: 'GET / HTTP/1.1\nHost: a.test\r\n\r\n' },
  { says: 'LF alone behind a field', text: 'GET / HTTP/1.1\r\nHost: a.test\nX: y\r\n\r\n' },
  { says: 'LF alone for the empty line', text: 'GET / HTTP/1.1\r\nHost: a.test\r\n\n' },
  { says: 'CR alone in a value', text: withLines('X: a\rb') },
  { says: 'CR CR LF', text: withLines('X: a\r') },
  { says: 'NUL in a value', text: withLines('X: a\0b') },
  { says: 'a control byte in a value', text: withLines('X: a\x01b') },
  { says: 'DEL in a value', text: withLines('X: a\x7fb') },
  { says: 'a value that is not ASCII', text: withLines('X: \xe4') },
  { says: 'a name that is not ASCII', text: withLines('X\xe4: b') },
  { says: 'space before the colon', text: withLines('X : b') },
  { says: 'tab before the colon', text: withLines('X\t: b') },
  { says: 'space before the colon of a framing field', text: withLines('Content-Length : 5') },
  { says: 'a folded line', text: withLines('X: a', ' b') },
  { says: 'a line folded with a tab', text: withLines('X: a', '\tb') },
  { says: 'a blank ahead of the first field', text: 'GET / HTTP/1.1\r\n Host: a.test\r\n\r\n' },
  { says: 'a name with a bracket', text: withLines('X(y): b') },
  { says: 'no name', text: withLines(': b') },
  { says: 'no colon', text: withLines('X') },
  { says: 'Content-Length with Transfer-Encoding', text: withLines('Content-Length: 5', 'Transfer-Encoding: chunked') },
  { says: 'Transfer-Encoding with Content-Length', text: withLines('Transfer-Encoding: chunked', 'Content-Length: 0') },
  { says: 'two lengths', text: withLines('Content-Length: 5', 'Content-Length: 6') },
  { says: 'two equal lengths', text: withLines('Content-Length: 5', 'content-length: 5') },
  { says: 'a list of lengths', text: withLines('Content-Length: 5, 5') },
  { says: 'a length with a plus', text: withLines('Content-Length: +5') },
  { says: 'a length with a minus', text: withLines('Content-Length: -5') },
  { says: 'a length in hexadecimal', text: withLines('Content-Length: 0x5') },
  { says: 'a length with a leading zero', text: withLines('Content-Length: 010') },
  { says: 'a length with a fraction', text: withLines('Content-Length: 5.0') },
  { says: 'a length of nothing', text: withLines('Content-Length:') },
  { says: 'a length over 2^53', text: withLines('Content-Length: 9007199254740993') },
  { says: 'a length of 20 digits', text: withLines('Content-Length: 18446744073709551621') },
  { says: 'Content_Length', text: withLines('Content_Length: 5') },
  { says: 'Transfer_Encoding', text: withLines('Transfer_Encoding: chunked') },
  { says: 'coding identity', text: withLines('Transfer-Encoding: identity') },
  { says: 'coding gzip, chunked', text: withLines('Transfer-Encoding: gzip, chunked') },
  { says: 'coding chunked, chunked', text: withLines('Transfer-Encoding: chunked, chunked') },
  { says: 'coding chunked with a parameter', text: withLines('Transfer-Encoding: chunked;q=1') },
  { says: 'coding xchunked', text: withLines('Transfer-Encoding: xchunked') },
  { says: 'coding chunked with a vertical tab', text: withLines('Transfer-Encoding: \x0bchunked') },
  { says: 'coding of nothing', text: withLines('Transfer-Encoding:') },
  { says: 'coding chunked in two fields', text: withLines('Transfer-Encoding: chunked', 'Transfer-Encoding: chunked') },
  { says: 'a coding in HTTP/1.0', text: 'POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n' },
  {
    says: 'Connection names Content-Length',
    text: withLines('Connection: close, Content-Length', 'Content-Length: 5'),
  },
  { says: 'Connection names Host', text: withLines('Connection: host') },
  { says: 'content of CONNECT', text: 'CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\nContent-Length: 5\r\n\r\n' },
  { says: 'content of TRACE', text: 'TRACE / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n' },
];

for (const { says, text } of bad) {
  test(`bad request: ${says}`, () => {
    const bytes = ascii(text);
    const result = parseRequestHead(bytes);
    assert.deepEqual([result.kind, result.kind === 'bad' && result.status], ['bad', 400], JSON.stringify(result));
    const at = settlesAt(bytes, parseRequestHead);
    assert.ok(at <= bytes.length);
    assert.deepEqual(inPieces(bytes, 1), result);
  });
}

const framed = [
  { lines: [], body: { kind: 'none' } },
  { lines: ['Content-Length: 0'], body: { kind: 'none' } },
  { lines: ['Content-Length: 9007199254740991'], body: { kind: 'length', bytes: Number.MAX_SAFE_INTEGER } },
  { lines: ['Transfer-Encoding: Chunked'], body: { kind: 'chunked' } },
] as const;

for (const { lines, body } of framed)
  test(`body of [${lines.join()}]`, () => assert.deepEqual(head(withLines(...lines)).body, body));

test('Connection, Upgrade and Expect', () => {
  assert.equal(head(withLines()).keepAlive, true);
  assert.equal(head(withLines('Connection: Keep-Alive', 'Connection:\tTE ,, Close')).keepAlive, false);
  assert.deepEqual(head(withLines('Upgrade: WebSocket, h2c', 'upgrade: x/1')).upgrade, ['websocket', 'h2c', 'x/1']);
  assert.equal(head(withLines('Expect: 100-Continue')).expectContinue, true);
  assert.equal(head(withLines('Expect: 100-continue', 'Expect: 200')).expectContinue, true);
  assert.equal(head(withLines('Expect: 200-ok')).expectContinue, false);
  assert.equal(head('GET / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n').expectContinue, false);
});

test('431: a head over 64 KiB, wherever it is cut; one of exactly 64 KiB is read', () => {
  const frame = withLines('X: ').length;
  const fits = ascii(withLines(`X: ${'y'.repeat(HEAD_CAP_BYTES - frame)}`));
  assert.equal(fits.length, HEAD_CAP_BYTES);
  assert.equal(parseRequestHead(fits).kind, 'head');
  const over = ascii(withLines(`X: ${'y'.repeat(HEAD_CAP_BYTES - frame + 1)}`));
  for (const length of [HEAD_CAP_BYTES, HEAD_CAP_BYTES + 1]) {
    const result = parseRequestHead(over.slice(0, length));
    assert.equal(result.kind === 'bad' && result.status, 431, `${length} bytes`);
  }
  assert.equal(parseRequestHead(over.slice(0, HEAD_CAP_BYTES - 1)).kind, 'more');
});

test('431: more fields than allowed', () => {
  const lines = Array.from({ length: FIELD_COUNT_CAP }, (_, at) => `X-${at}: y`);
  assert.equal(parseRequestHead(ascii(withLines(...lines.slice(1)))).kind, 'head');
  const result = parseRequestHead(ascii(withLines(...lines)));
  assert.equal(result.kind === 'bad' && result.status, 431);
  assert.deepEqual(inPieces(ascii(withLines(...lines)), 7), result);
});

test('nothing is looked at twice: `resume` stands at the last byte, a pending CR apart', () => {
  const bytes = ascii(withLines(...Array.from({ length: 20 }, (_, at) => `X-${at}: ${'y'.repeat(40)}`)));
  let resume: RequestProgress | undefined;
  for (let length = 1; length < bytes.length; length++) {
    const result = parseRequestHead(bytes.slice(0, length), resume);
    assert.equal(result.kind, 'more');
    resume = result.resume;
    if (resume) assert.ok(resume.fields.scanned >= length - 1);
  }
  assert.deepEqual(parseRequestHead(bytes, resume), parseRequestHead(bytes));
});

test('random bytes and changed captures: total, deterministic, the same in any pieces, settled once', () => {
  const sources = [...fixturesIn('http-request').map(fixture), ascii(withLines('Content-Length: 5', 'X: y'))];
  const spice = fc.constantFrom(...ascii('\r\n\0 \t:;,/#*\x7f\x80aA0H@'));
  const change = fc.record({ at: fc.nat(400), to: fc.oneof(spice, fc.nat(255)), insert: fc.boolean() });
  const changes = fc.array(change, { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(fc.constantFrom(...sources), changes, fc.integer({ min: 1, max: 90 }), (source, edits, size) => {
      const edited = [...source];
      for (const { at, to, insert } of edits) edited.splice(at % source.length, insert ? 0 : 1, to);
      const bytes = Uint8Array.from(edited);
      const whole = parseRequestHead(bytes);
      assert.deepEqual(parseRequestHead(bytes), whole);
      const pieces = inPieces(bytes, size);
      if (whole.kind === 'more') assert.equal(pieces.kind, 'more');
      else assert.deepEqual(pieces, whole);
    }),
    { numRuns: 3000 },
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => {
      settlesAt(bytes, withoutResume);
      settlesAt(concat(ascii('GET / HTTP/1.1\r\nHost: a.test\r\n'), bytes), withoutResume);
    }),
    { numRuns: 300 },
  );
});

test('what is accepted holds nothing that a line could hide in', () => {
  const line = fc.string({ unit: fc.constantFrom(...'aA-_:;, \t\r\n\0\x7f"()'.split('')), maxLength: 12 });
  fc.assert(
    fc.property(fc.array(line, { maxLength: 4 }), (lines) => {
      const result = parseRequestHead(ascii(withLines(...lines)));
      if (result.kind !== 'head') return;
      for (const [name, value] of result.headers) {
        assert.match(name, /^[!#$%&'*+\-.^_`|~0-9a-z]+$/);
        assert.match(value, /^([!-~]([ \t!-~]*[!-~])?)?$/);
      }
    }),
    { numRuns: 3000 },
  );
});

function withoutResume(bytes: Uint8Array): RequestResult {
  return parseRequestHead(bytes);
}
