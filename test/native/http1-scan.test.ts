import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import * as fc from 'fast-check';
import { FIELD_COUNT_CAP } from '../../agent/wire/http1-fields.ts';
import { fixture } from '../unit/agent/wire/settling.ts';
import { assertAgrees } from './scanner/agreement.ts';
import { arbitraryAnswer, arbitraryName, arbitraryRequest } from './scanner/arbitrary-heads.ts';
import { ORDINARY_ANSWERS, ORDINARY_REQUESTS } from './scanner/ordinary-heads.ts';
import { type MessageKind, type Scan, ScannerProgram } from './scanner/scanner-program.ts';

let program: ScannerProgram;
before(async () => {
  program = await ScannerProgram.start();
});
after(() => program[Symbol.asyncDispose]());

/** The scanner's word, compared with TypeScript's. */
async function scanned(kind: MessageKind, message: Uint8Array, name: Uint8Array = new Uint8Array()): Promise<Scan> {
  const scan = await program.scan(kind, message, name);
  assertAgrees(kind, message, name, scan);
  return scan;
}

const bytesOf = (text: string): Uint8Array => Buffer.from(text, 'latin1');

const CAPTURED = ['curl-7.88-get', 'curl-7.88-head', 'curl-7.88-post', 'curl-7.88-ipv6-host', 'node-24-fetch'];
for (const name of CAPTURED) {
  test(`canonical: the captured request ${name}`, async () => {
    const scan = await scanned('request', fixture(`http-request/${name}.bin`));
    assert.equal(scan.result, 'canonical');
  });
}
for (const [who, text] of ORDINARY_REQUESTS) {
  test(`canonical: the request of ${who}`, async () => {
    assert.equal((await scanned('request', bytesOf(text))).result, 'canonical');
  });
}
for (const [who, text, kind = 'answer'] of ORDINARY_ANSWERS) {
  test(`canonical: the answer of ${who}`, async () => {
    assert.equal((await scanned(kind, bytesOf(text))).result, 'canonical');
  });
}

/** [what is odd, the lines of a request behind its Host]: TypeScript's. */
const REQUEST_LINES_FOR_TYPESCRIPT: readonly (readonly [string, string])[] = [
  ['Host twice', 'Host: a.test'],
  ['a length twice', 'Content-Length: 5\r\nContent-Length: 5'],
  ['a length with a sign', 'Content-Length: +5'],
  ['a length with a leading zero', 'Content-Length: 05'],
  ['an empty length', 'Content-Length:'],
  ['a length beyond 2^53 - 1', 'Content-Length: 9007199254740992'],
  ['a length that overflows 64 bits', 'Content-Length: 18446744073709551621'],
  ['a length list', 'Content-Length: 5, 5'],
  ['Content_Length', 'Content_Length: 5'],
  ['chunks', 'Transfer-Encoding: chunked'],
  ['a length and chunks', 'Content-Length: 5\r\nTransfer-Encoding: chunked'],
  ['chunks by _', 'Transfer_Encoding: chunked'],
  ['chunks under a blank', 'Transfer-Encoding : chunked'],
  ['a folded line', 'X-A: b\r\n c'],
  ['a bare LF', 'X-A: b\nX-B: c'],
  ['a bare CR', 'X-A: b\rX-B: c'],
  ['NUL', 'X-A: \0'],
  ['a byte beyond ASCII', 'X-A: \xe9'],
  ['a name that is no token', 'X(A): b'],
  ['no name', ': b'],
  ['no colon', 'X-A'],
  ['an upgrade', 'Connection: Upgrade\r\nUpgrade: websocket'],
  ['Upgrade alone', 'Upgrade: h2c'],
  ['Expect', 'Expect: 100-continue'],
  ['the end of the connection', 'Connection: close'],
  ['Connection with a list', 'Connection: keep-alive, x'],
  ['an empty Connection', 'Connection:'],
  ['Proxy-Connection', 'Proxy-Connection: keep-alive'],
  ['TE', 'TE: trailers'],
  ['Trailer', 'Trailer: x'],
];
for (const [says, lines] of REQUEST_LINES_FOR_TYPESCRIPT) {
  test(`not canonical: a request with ${says}`, async () => {
    const text = `GET / HTTP/1.1\r\nHost: a.test\r\n${lines}\r\n\r\n`;
    assert.equal((await scanned('request', bytesOf(text))).result, 'other');
  });
}

const FIRST_LINES_FOR_TYPESCRIPT = [
  'CONNECT a.test:443',
  'TRACE /',
  'PRI * HTTP/2.0\r\n\r\nSM',
  'OPTIONS *',
  'GET http://a.test/',
  'GET a',
  'get /',
  'M-SEARCH /',
  'GET  /',
  'GET\t/',
  ' GET /',
  '\r\nGET /',
  'GET /#',
  'GET /\xe9',
  'GET /\x7f',
];
for (const line of FIRST_LINES_FOR_TYPESCRIPT) {
  test(`not canonical: ${JSON.stringify(line)}`, async () => {
    assert.equal((await scanned('request', bytesOf(`${line} HTTP/1.1\r\nHost: a.test\r\n\r\n`))).result, 'other');
  });
}
for (const version of ['HTTP/1.0', 'HTTP/1.2', 'HTTP/2.0', 'http/1.1', 'HTTP/1.1 ', 'HTTP/1.10']) {
  test(`not canonical: a request of ${JSON.stringify(version)}`, async () => {
    assert.equal((await scanned('request', bytesOf(`GET / ${version}\r\nHost: a.test\r\n\r\n`))).result, 'other');
  });
}

const HOSTS: readonly (readonly [string, boolean])[] = [
  ['a.test', true],
  ['A.TEST:8080', true],
  ['198.18.0.1:80', true],
  ['[2001:db8::7]', true],
  ['[2001:DB8::7]:443', true],
  ['a_b.c-d.test', true],
  [' \ta.test\t ', false],
  [`${'a'.repeat(63)}.test`, true],
  [`${'a'.repeat(64)}.test`, false],
  [`${'a.'.repeat(126)}a`, true],
  [`aa.${'a.'.repeat(125)}a`, false],
  ['', false],
  ['a.test.', false],
  ['u@a.test', false],
  ['a.test,b.test', false],
  ['a.test b.test', false],
  ['a..test', false],
  ['-a.test', false],
  ['a-.test', false],
  ['1.2.3', false],
  ['1.2.3.4.5', false],
  ['1.2.3.256', false],
  ['01.2.3.4', false],
  ['0x7f.1', false],
  ['2130706433', false],
  ['a.test:0', false],
  ['a.test:080', false],
  ['a.test:65536', false],
  ['a.test:', false],
  ['2001:db8::7', false],
  ['[2001:db8::7', false],
  ['[2001:db8::7]8', false],
  ['[fe80::1%eth0]', false],
  ['[::ffff:1.2.3.4]', false],
  ['[::1::]', false],
  [`[${'1:'.repeat(23)}]`, false],
  ['a.test/', false],
];
for (const [host, canonical] of HOSTS) {
  test(`Host ${JSON.stringify(host)} is ${canonical ? '' : 'not '}canonical`, async () => {
    const scan = await scanned('request', bytesOf(`GET / HTTP/1.1\r\nHost:${host}\r\n\r\n`));
    assert.equal(scan.result, canonical ? 'canonical' : 'other');
  });
}

/** [status, lines, kind]: TypeScript's. */
const ANSWERS_FOR_TYPESCRIPT: readonly (readonly [string, string, MessageKind?])[] = [
  ['100 Continue', ''],
  ['101 Switching Protocols', 'Upgrade: websocket\r\nConnection: Upgrade\r\n'],
  ['204 No Content', 'Content-Length: 0\r\n'],
  ['204 No Content', 'Content-Length: 5\r\n'],
  ['205 Reset Content', 'Content-Length: 0\r\n'],
  ['600 x', 'Content-Length: 0\r\n'],
  ['200', ''],
  ['200 OK', 'Transfer-Encoding: gzip, chunked\r\n'],
  ['200 OK', 'Transfer-Encoding: identity\r\n'],
  ['200 OK', 'Transfer-Encoding:\r\n'],
  ['200 OK', 'Transfer-Encoding: chunked\t\r\n'],
  ['200 OK', 'Transfer-Encoding: chunked;q=1\r\n'],
  ['200 OK', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n'],
  ['200 OK', 'Transfer-Encoding: chunked\r\nContent-Length: 5\r\n'],
  ['200 OK', 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n'],
  ['200 OK', 'Transfer_Encoding: chunked\r\n'],
  ['200 OK', 'Transfer-Encoding: chunked\r\nTrailer: x\r\n'],
  ['204 No Content', 'Transfer-Encoding: chunked\r\n'],
  ['205 Reset Content', 'Transfer-Encoding: chunked\r\n'],
  ['304 Not Modified', 'Transfer-Encoding: chunked\r\n'],
  ['200 OK', 'Transfer-Encoding: chunked\r\n', 'answer-to-head'],
  ['200 OK', 'Content-Length: 5\r\nContent-Length: 5\r\n'],
  ['200 OK', 'Content-Length: 5\r\nContent-Length: 6\r\n', 'answer-to-head'],
  ['200 OK', 'Content-Length: 5\r\nConnection: close\r\n'],
  ['200 OK', 'Content-Length: 5\r\nUpgrade: h2\r\n'],
  ['200 OK', 'Content-Length: 5\r\nX-A: b\r\n c\r\n'],
  ['200\tOK', 'Content-Length: 5\r\n'],
  ['200OK', 'Content-Length: 5\r\n'],
  ['20', 'Content-Length: 5\r\n'],
  ['2000 OK', 'Content-Length: 5\r\n'],
];
for (const [status, lines, kind = 'answer'] of ANSWERS_FOR_TYPESCRIPT) {
  test(`not canonical: ${kind} ${JSON.stringify(`${status} ${lines}`)}`, async () => {
    assert.equal((await scanned(kind, bytesOf(`HTTP/1.1 ${status}\r\n${lines}\r\n`))).result, 'other');
  });
}

for (const coding of ['chunked', 'CHUNKED', ' Chunked  ', '']) {
  const canonical = coding !== '';
  test(`an answer of ${JSON.stringify(coding)} is ${canonical ? '' : 'not '}canonical`, async () => {
    const scan = await scanned('answer', bytesOf(`HTTP/1.1 200 OK\r\ntransfer-encoding:${coding}\r\n\r\n`));
    assert.deepEqual([scan.result, scan.chunked], canonical ? ['canonical', true] : ['other', false]);
  });
}

const padded = (bytes: number): Uint8Array => {
  const [ahead, behind] = ['GET / HTTP/1.1\r\nHost: a.test\r\nX-A: ', '\r\n\r\n'];
  return bytesOf(ahead + 'x'.repeat(bytes - ahead.length - behind.length) + behind);
};
const withFields = (count: number) => bytesOf(`GET / HTTP/1.1\r\nHost: a\r\n${'X: y\r\n'.repeat(count - 1)}\r\n`);
const withStatusLine = (bytes: number) =>
  bytesOf(`HTTP/1.1 200 ${'x'.repeat(bytes - 15)}\r\nContent-Length: 0\r\n\r\n`);
const withTarget = (bytes: number) => bytesOf(`GET /${'x'.repeat(bytes - 1)} HTTP/1.1\r\nHost: a.test\r\n\r\n`);

const SIZES: readonly (readonly [string, MessageKind, Uint8Array, Scan['result']])[] = [
  ['a head of 16 KiB', 'request', padded(16_384), 'canonical'],
  ['one byte more', 'request', padded(16_385), 'other'],
  ['16 KiB without an end', 'request', padded(16_385).subarray(0, 16_384), 'other'],
  ['one byte less', 'request', padded(16_385).subarray(0, 16_383), 'incomplete'],
  ['as many fields as TypeScript takes', 'request', withFields(FIELD_COUNT_CAP), 'canonical'],
  ['one field more', 'request', withFields(FIELD_COUNT_CAP + 1), 'other'],
  ['a status line of 4 KiB', 'answer', withStatusLine(4096), 'canonical'],
  ['a status line of one byte more', 'answer', withStatusLine(4097), 'other'],
  ['a long target', 'request', withTarget(16_000), 'canonical'],
  ['a target as long as a head', 'request', withTarget(16_384), 'other'],
  ['a method that never ends', 'request', bytesOf('A'.repeat(16_384)), 'other'],
  ['nothing', 'request', bytesOf(''), 'incomplete'],
  ['nothing of an answer', 'answer', bytesOf(''), 'incomplete'],
];
for (const [says, kind, message, result] of SIZES) {
  test(`${says}: ${result}`, async () => {
    assert.equal((await scanned(kind, message)).result, result);
  });
}

test('a field is found by its whole name, in any case, below the first line', async () => {
  const text = 'HTTP/1.1 200 x-a: 1\r\nContent-Length: 0\r\nX-Ab: x-c: 1\r\nEmpty:\r\n\r\n';
  const found = async (name: string): Promise<boolean> =>
    (await scanned('answer', bytesOf(text), bytesOf(name))).hasField;
  for (const name of ['x-ab', 'X-AB', 'empty', 'CONTENT-LENGTH']) assert.equal(await found(name), true, name);
  for (const name of ['x-a', 'x-abc', 'x-c', '', 'empty:', 'HTTP/1.1 200 x-a', 'x'.repeat(300)])
    assert.equal(await found(name), false, name);
});

const RUNS = 3_000;

for (const kind of ['request', 'answer', 'answer-to-head'] as const) {
  test(`${RUNS} changed heads: ${kind} is read as in TypeScript or left to it`, async () => {
    const seen = { incomplete: 0, other: 0, canonical: 0 };
    const message = kind === 'request' ? arbitraryRequest() : arbitraryAnswer();
    const agrees = fc.asyncProperty(message, arbitraryName(), async (bytes, name) => {
      seen[(await scanned(kind, bytes, name)).result]++;
    });
    await fc.assert(agrees, { numRuns: RUNS });
    const least = RUNS / 20;
    assert.ok(seen.canonical > least && seen.other > least && seen.incomplete > 0, JSON.stringify(seen));
  });
}
