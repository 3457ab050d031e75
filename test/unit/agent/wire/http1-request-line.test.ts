import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readRequestLine, TARGET_CAP_BYTES } from '../../../../agent/wire/http1-request-line.ts';
import { ascii, settlesAt } from './settling.ts';

function read(text: string) {
  return readRequestLine(ascii(text));
}

test('a request line, with the offset of the first field', () => {
  const want = { kind: 'line', method: 'GET', target: '/a?b=%20\\', version: '1.1', next: 24 };
  assert.deepEqual(read('GET /a?b=%20\\ HTTP/1.1\r\nHost: a.test\r\n'), want);
  assert.equal(settlesAt(ascii('GET /a?b=%20\\ HTTP/1.1\r\nHo'), readRequestLine), 24);
  assert.deepEqual(read('OPTIONS * HTTP/1.0\r\n'), {
    kind: 'line',
    method: 'OPTIONS',
    target: '*',
    version: '1.0',
    next: 20,
  });
});

/** Bad, and never taken for another protocol. */
const refused = [
  { text: 'GET /\r\n', status: 400 },
  { text: 'GET /\n', status: 400 },
  { text: 'GET http://a.test/\r\n', status: 400 },
  { text: 'GET  / HTTP/1.1\r\n', status: 400 },
  { text: 'GET /  HTTP/1.1\r\n', status: 400 },
  { text: 'GET\t/ HTTP/1.1\r\n', status: 400 },
  { text: 'GET /\tHTTP/1.1\r\n', status: 400 },
  { text: 'GET / HTTP/1.1 \r\n', status: 400 },
  { text: 'GET /a b HTTP/1.1\r\n', status: 400 },
  { text: 'GET / HTTP/1.1\r \n', status: 400 },
  { text: 'GET / HTTP/1.1\n', status: 400 },
  { text: 'GET / HTTP/1.1\r\r\n', status: 400 },
  { text: ' GET / HTTP/1.1\r\n', status: 400 },
  { text: '\r\nGET / HTTP/1.1\r\n', status: 400 },
  { text: '\nGET / HTTP/1.1\r\n', status: 400 },
  { text: '\r\n\r\nFROB / HTTP/1.1\r\n', status: 400 },
  { text: 'GET /\0 HTTP/1.1\r\n', status: 400 },
  { text: 'GET /\x80 HTTP/1.1\r\n', status: 400 },
  { text: 'GET /\x7f HTTP/1.1\r\n', status: 400 },
  { text: 'FROB /\0 HTTP/1.1\r\n', status: 400 },
  { text: 'FROB /\xff HTTP/1.1\r\n', status: 400 },
  { text: 'get / HTTP/1.1\r\n', status: 400 },
  { text: 'Get / HTTP/1.1\r\n', status: 400 },
  { text: 'get / http/1.1\r\n', status: 400 },
  { text: 'frob / HTTP/1.1\r\n', status: 400 },
  { text: 'GET/ HTTP/1.1\r\n', status: 400 },
  { text: 'GET\0 / HTTP/1.1\r\n', status: 400 },
  { text: 'GET\x0b/\x0bHTTP/1.1\r\n', status: 400 },
  { text: 'GET / http/1.1\r\n', status: 400 },
  { text: 'GET / Http/1.1\r\n', status: 400 },
  { text: 'GET / HTTP/1\r\n', status: 400 },
  { text: 'GET / HTTP/1.10\r\n', status: 400 },
  { text: 'GET / HTTP/1.1x\r\n', status: 400 },
  { text: 'GET / HTTP/01.1\r\n', status: 400 },
  { text: 'GET / HTTP /1.1\r\n', status: 400 },
  { text: 'GET / HTTPS/1.1\r\n', status: 400 },
  { text: 'GET / HTTP/0.9\r\n', status: 505 },
  { text: 'GET / HTTP/1.2\r\n', status: 505 },
  { text: 'GET / HTTP/2.0\r\n', status: 505 },
  { text: 'PRI * HTTP/2.0\r\n', status: 505 },
] as const;

for (const { text, status } of refused) {
  test(`${status}: ${JSON.stringify(text)}`, () => {
    const result = read(text);
    assert.equal(result.kind === 'bad' && result.status, status, JSON.stringify(result));
    const at = settlesAt(ascii(`${text}Host: a.test\r\n\r\n`), readRequestLine);
    assert.ok(at <= text.length, `settled at ${at}`);
  });
}

/** First lines of other protocols, and the number of bytes that must be enough to tell. */
const others = [
  { says: 'zero', text: '\0', at: 1 },
  { says: 'SSH', text: 'SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n', at: 40 },
  { says: 'SSH without a comment', text: 'SSH-2.0-Go\r\n', at: 11 },
  { says: 'redis', text: '*3\r\n$3\r\nSET\r\n', at: 3 },
  { says: 'redis, inline', text: 'GET key\r\n', at: 9 },
  { says: 'redis, ping', text: 'PING\r\n', at: 5 },
  { says: 'memcached', text: 'get foo\r\n', at: 9 },
  { says: 'NATS', text: 'CONNECT {"verbose":false}\r\n', at: 27 },
  { says: 'STOMP', text: 'CONNECT\naccept-version:1.2\n', at: 8 },
  { says: 'RTSP', text: 'OPTIONS rtsp://a.test/x RTSP/1.0\r\n', at: 34 },
  { says: 'SIP', text: 'REGISTER sip:a.test SIP/2.0\r\n', at: 29 },
  { says: 'FTP', text: 'USER anonymous\r\n', at: 16 },
  { says: 'gopher', text: '/path\r\n', at: 1 },
  { says: 'the PROXY protocol, version 2', text: '\r\n\r\n\0\r\nQUIT\n', at: 5 },
  { says: 'PostgreSQL', text: '\0\0\0\x08\x04\xd2\x16\x2f', at: 1 },
  { says: 'our own verification line', text: `WEIR-VERIFY ${'0'.repeat(64)}\n`, at: 77 },
];

for (const { says, text, at } of others) {
  test(`not HTTP: ${says}`, () => {
    assert.deepEqual(read(text), { kind: 'not-http' });
    assert.equal(settlesAt(ascii(text), readRequestLine), at);
  });
}

const open = [
  { text: '', certain: false },
  { text: 'GE', certain: false },
  { text: 'GET ', certain: false },
  { text: 'GET h', certain: false },
  { text: 'GET http:', certain: true },
  { text: 'GET HTTPS:', certain: true },
  { text: 'GET /', certain: true },
  { text: 'GET / HTTP/1.1\r', certain: true },
  { text: 'FROB / HTTP/1.1\r', certain: false },
  { text: '\r\n', certain: false },
];

for (const { text, certain } of open)
  test(`open, ${certain ? 'HTTP' : 'anything'}: ${JSON.stringify(text)}`, () =>
    assert.deepEqual(read(text), { kind: 'more', certain }));

test('414: a target over its cap, complete or not, of a known method or not', () => {
  const path = `/${'a'.repeat(TARGET_CAP_BYTES)}`;
  for (const text of [
    `GET ${path} HTTP/1.1\r\n`,
    `GET ${path}${path}`,
    `FROB ${path}${path}`,
    `FROB ${path} HTTP/1.1\r\n`,
  ]) {
    const result = read(text);
    assert.equal(result.kind === 'bad' && result.status, 414, text.slice(0, 10));
  }
  assert.equal(read(`GET ${path.slice(0, -1)} HTTP/1.1\r\n`).kind, 'line');
});

test('a long first line of another protocol is told at the cap', () => {
  for (const text of ['a'.repeat(20_000), `USER ${'a'.repeat(20_000)}`, ' '.repeat(20_000)])
    assert.equal(read(text).kind, 'not-http');
});
