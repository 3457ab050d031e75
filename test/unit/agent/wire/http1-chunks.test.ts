import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { parseAnswerHead } from '../../../../agent/wire/http1-answer.ts';
import {
  CHUNK_CAP_BYTES,
  type ChunkState,
  chunksStart,
  EXTENSION_CAP_BYTES,
  scanChunked,
  skipChunkData,
  TRAILER_CAP_BYTES,
} from '../../../../agent/wire/http1-chunks.ts';
import { parseRequestHead } from '../../../../agent/wire/http1-request.ts';
import { ascii, concat, fixture } from './settling.ts';

type Outcome = { readonly consumed: number; readonly done: boolean; readonly bad: string | undefined };

/** The pieces one after the other, as from a socket; stops where the scan does. */
function scan(pieces: readonly Uint8Array[]): Outcome {
  let state: ChunkState = chunksStart();
  let consumed = 0;
  for (const piece of pieces) {
    const result = scanChunked(state, piece);
    state = result.state;
    consumed += result.consumed;
    if (result.done || result.bad !== undefined) return { consumed, done: result.done, bad: result.bad };
  }
  return { consumed, done: false, bad: undefined };
}

function split(bytes: Uint8Array, size: number): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.slice(at, at + size));
  return pieces;
}

const good = [
  '0\r\n\r\n',
  '5\r\nhello\r\n0\r\n\r\n',
  'A\r\n0123456789\r\n00a\r\n\r\n\r\n\r\n\r\n\r\n\r\n0\r\n\r\n',
  '5;name=value;q="a;b \\" c"\r\nhello\r\n0;x\r\n\r\n',
  '5;\r\nhello\r\n000\r\n\r\n',
  '1\r\nx\r\n0\r\nX-Sum: 1\r\nx-empty:\r\nX-Long-Name-That-Is-Longer-Than-Any-Forbidden-One: y\r\n\r\n',
];

for (const text of good) {
  test(`complete, and what follows is left alone: ${JSON.stringify(text.slice(0, 40))}`, () => {
    const bytes = ascii(text);
    const want = { consumed: bytes.length, done: true, bad: undefined };
    for (const size of [1, 2, 3, 1000]) assert.deepEqual(scan(split(concat(bytes, ascii('GET /')), size)), want);
    for (let length = 0; length < bytes.length; length++)
      assert.deepEqual(scan([bytes.slice(0, length)]), { consumed: length, done: false, bad: undefined });
  });
}

const bad = [
  { text: '\r\n', why: 'a chunk size that is no plain hexadecimal number' },
  { text: ';x\r\n', why: 'a chunk size that is no plain hexadecimal number' },
  { text: '0x5\r\nhello', why: 'a chunk size that is no plain hexadecimal number' },
  { text: '+5\r\nhello', why: 'a chunk size that is no plain hexadecimal number' },
  { text: '-1\r\n', why: 'a chunk size that is no plain hexadecimal number' },
  { text: ' 5\r\nhello', why: 'a chunk size that is no plain hexadecimal number' },
  { text: '5 \r\nhello', why: 'a chunk size that is no plain hexadecimal number' },
  { text: '5\t;x\r\nhello', why: 'a chunk size that is no plain hexadecimal number' },
  { text: '5\nhello', why: 'a chunk size that is no plain hexadecimal number' },
  { text: '5_0\r\n', why: 'a chunk size that is no plain hexadecimal number' },
  { text: '10000000000001\r\n', why: 'a chunk size too large' },
  { text: '1fffffffffffff\r\n', why: 'a chunk size too large' },
  { text: '20000000000000\r\n', why: 'a chunk size too large' },
  { text: '10000000000000005\r\n', why: 'a chunk size too large' },
  { text: '00000000000000005\r\n', why: 'a chunk size too large' },
  { text: '5\rhello', why: 'CR without LF behind a chunk size' },
  { text: '5;a\nhello', why: 'a control byte or one that is not ASCII in a chunk extension' },
  { text: '5;a\0\r\n', why: 'a control byte or one that is not ASCII in a chunk extension' },
  { text: '5;\xe4\r\n', why: 'a control byte or one that is not ASCII in a chunk extension' },
  { text: '5;a\rb\r\n', why: 'CR without LF behind a chunk size' },
  { text: '5\r\nhello!\r\n', why: 'a chunk longer than its size' },
  { text: '5\r\nhello\n0\r\n\r\n', why: 'a chunk longer than its size' },
  { text: '5\r\nhell\r\n0\r\n\r\n', why: 'a chunk longer than its size' },
  { text: '5\r\nhello\rX', why: 'CR without LF behind a chunk' },
  { text: '0\r\n\rX', why: 'CR without LF behind the trailers' },
  { text: '0\r\n\n', why: 'a trailer whose name is no token' },
  { text: '0\r\n a: b\r\n\r\n', why: 'a trailer whose name is no token' },
  { text: '0\r\n: b\r\n\r\n', why: 'a trailer whose name is no token' },
  { text: '0\r\na : b\r\n\r\n', why: 'a trailer whose name is no token' },
  { text: '0\r\na\r\n\r\n', why: 'a trailer whose name is no token' },
  { text: '0\r\na: b\n\r\n', why: 'a control byte or one that is not ASCII in a trailer' },
  { text: '0\r\na: b\r\r\n', why: 'CR without LF in the trailers' },
  { text: '0\r\nHost: b.test\r\n\r\n', why: 'a trailer host' },
  { text: '0\r\nContent-Length: 5\r\n\r\n', why: 'a trailer content-length' },
  { text: '0\r\nx: y\r\nTRANSFER-ENCODING: chunked\r\n\r\n', why: 'a trailer transfer-encoding' },
  { text: '0\r\ntransfer_encoding: chunked\r\n\r\n', why: 'a trailer transfer_encoding' },
  { text: '0\r\nConnection: close\r\n\r\n', why: 'a trailer connection' },
];

for (const { text, why } of bad) {
  test(`bad: ${JSON.stringify(text)}`, () => {
    const outcome = scan([ascii(text)]);
    assert.equal(outcome.bad, why);
    for (const size of [1, 2, 3]) assert.deepEqual(scan(split(ascii(text), size)), outcome);
  });
}

test('once bad, always bad; once done, nothing more is consumed', () => {
  const broken = scanChunked(chunksStart(), ascii('x')).state;
  assert.deepEqual(scanChunked(broken, ascii('0\r\n\r\n')).bad, 'the body was bad before');
  const ended = scanChunked(chunksStart(), ascii('0\r\n\r\n')).state;
  assert.deepEqual(scanChunked(ended, ascii('0\r\n\r\n')), { state: ended, consumed: 0, done: true });
});

test('the state given in is not changed', () => {
  const start = chunksStart();
  scanChunked(start, ascii('5\r\nhel'));
  assert.deepEqual(start, chunksStart());
});

test('the largest size is 2^52, and its data is skipped, not looked at', () => {
  const { state, bad: why } = scanChunked(chunksStart(), ascii('10000000000000\r\n\0\n\r'));
  assert.equal(why, undefined);
  assert.deepEqual([state.at, state.left], ['data', CHUNK_CAP_BYTES - 3]);
});

test('extensions are bounded over all chunks, trailers over all fields', () => {
  const chunk = `1;${'x'.repeat(1023)}\r\n.\r\n`;
  const fits = Math.floor(EXTENSION_CAP_BYTES / 1023);
  assert.equal(scan([ascii(`${chunk.repeat(fits)}0\r\n\r\n`)]).done, true);
  assert.equal(scan([ascii(`${chunk.repeat(fits + 1)}0\r\n\r\n`)]).bad, 'chunk extensions too large');
  const field = `x: ${'y'.repeat(1021)}\r\n`;
  assert.equal(scan([ascii(`0\r\n${field.repeat(10)}\r\n`)]).done, true);
  assert.equal(scan([ascii(`0\r\n${field.repeat(TRAILER_CAP_BYTES / 1024 + 1)}\r\n`)]).bad, 'trailers too large');
  assert.equal(scan([ascii(`0\r\n${'n'.repeat(TRAILER_CAP_BYTES + 1)}`)]).bad, 'trailers too large');
});

test('bodies of real clients and servers', () => {
  const request = fixture('http-request/node-24-post-chunked.bin');
  const head = parseRequestHead(request);
  assert.ok(head.kind === 'head');
  assert.equal(scan([request.slice(head.headBytes)]).done, true);
  const answer = fixture('http-answer/node-24-trailers.bin');
  const answered = parseAnswerHead(answer, { requestMethod: 'GET' });
  assert.ok(answered.kind === 'head');
  const body = answer.slice(answered.headBytes);
  assert.deepEqual(scan([body]), { consumed: body.length, done: true, bad: undefined });
});

test('any bytes, any split: the same outcome', () => {
  const piece = fc.constantFrom(
    '0',
    '5',
    'a',
    ';',
    '\r\n',
    '\r',
    '\n',
    'x: y',
    'hello',
    ' ',
    '\0',
    '0\r\n\r\n',
    '1\r\nx\r\n',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 14 }), fc.integer({ min: 1, max: 7 }), (pieces, size) => {
      const bytes = ascii(pieces.join(''));
      const whole = scan([bytes]);
      assert.deepEqual(scan(split(bytes, size)), whole);
      assert.ok(whole.consumed <= bytes.length);
    }),
    { numRuns: 3000 },
  );
});

test('any data in any chunks is found to its last byte', () => {
  const data = fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 5 });
  fc.assert(
    fc.property(data, fc.uint8Array({ maxLength: 20 }), fc.integer({ min: 1, max: 50 }), (chunks, behind, size) => {
      const framed = chunks.map((chunk) => concat(ascii(`${chunk.length.toString(16)}\r\n`), chunk, ascii('\r\n')));
      const body = concat(...framed, ascii('0\r\n\r\n'));
      const want = { consumed: body.length, done: true, bad: undefined };
      assert.deepEqual(scan(split(concat(body, behind), size)), want);
    }),
    { numRuns: 300 },
  );
});

/** As `scan`, but the data of each chunk is skipped unseen as soon as its size is known, as far as there are bytes. */
function scanSkipping(bytes: Uint8Array, size: number): Outcome {
  let state: ChunkState = chunksStart();
  let consumed = 0;
  while (consumed < bytes.length) {
    const result = scanChunked(state, bytes.subarray(consumed, consumed + size));
    consumed += result.consumed;
    if (result.done || result.bad !== undefined) return { consumed, done: result.done, bad: result.bad };
    const skipped = skipChunkData(result.state);
    state = skipped.state;
    if (consumed + skipped.bytes > bytes.length) return { consumed: bytes.length, done: false, bad: undefined };
    consumed += skipped.bytes;
  }
  return { consumed, done: false, bad: undefined };
}

test('skipping the data of chunks is the same as scanning it, whatever it is', () => {
  const extension = fc.constantFrom('', ';x', ';a="b"');
  const between = fc.oneof({ weight: 9, arbitrary: fc.constant('\r\n') }, fc.constantFrom('\n', 'x\r\n', '\r', ''));
  const chunk = fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 60 }), extension, between);
  const end = fc.constantFrom('0\r\n\r\n', '0\r\nX: y\r\n\r\n', '0\r\nHost: y\r\n\r\n', '', 'g', '5');
  fc.assert(
    fc.property(
      fc.array(chunk, { maxLength: 5 }),
      end,
      fc.uint8Array({ maxLength: 9 }),
      fc.integer({ min: 1, max: 50 }),
      fc.nat(400),
      (chunks, last, behind, size, cut) => {
        const framed = chunks.map(([data, more, after]) =>
          concat(ascii(`${data.length.toString(16)}${more}\r\n`), data, ascii(after)),
        );
        const bytes = concat(...framed, ascii(last), behind).slice(0, cut);
        assert.deepEqual(scanSkipping(bytes, size), scan([bytes]));
      },
    ),
    { numRuns: 3000 },
  );
});

test('nothing but data is skipped', () => {
  for (const text of [
    '',
    '5',
    '5;x',
    '5\r',
    '5\r\nhello',
    '5\r\nhello\r',
    '5\r\nhello\r\n',
    '0\r\n',
    '0\r\n\r\n',
    'x',
  ]) {
    const { state } = scanChunked(chunksStart(), ascii(text));
    assert.deepEqual(skipChunkData(state), { state, bytes: 0 }, text);
  }
  const { state } = scanChunked(chunksStart(), ascii('5\r\nhe'));
  assert.equal(skipChunkData(state).bytes, 3);
});
