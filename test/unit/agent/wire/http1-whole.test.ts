import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { OBS_TEXT, TEXT } from '../../../../agent/wire/ascii.ts';
import { FIELD_COUNT_CAP, type Fields, readFields } from '../../../../agent/wire/http1-fields.ts';
import { parseRequestHead, type RequestResult } from '../../../../agent/wire/http1-request.ts';
import { readRequestLine } from '../../../../agent/wire/http1-request-line.ts';
import { readStatusLine } from '../../../../agent/wire/http1-status-line.ts';
import { readWholeAnswer, readWholeRequest, type WholeHead } from '../../../../agent/wire/http1-whole.ts';
import { ascii, concat, fixture, fixturesIn } from './settling.ts';

type Line = { readonly kind: string; readonly next?: number };

/** What the careful way reads of the same bytes; undefined: nothing whole, or a fault. */
function carefully<L extends Line>(bytes: Uint8Array, line: L, allowed: number): WholeHead<L> | undefined {
  if (line.next === undefined) return undefined;
  const fields: Fields = readFields(bytes, { lineStart: line.next, scanned: line.next, fields: [] }, allowed);
  return fields.kind === 'fields' ? { line, fields: fields.fields, headBytes: fields.headBytes } : undefined;
}

function assertAgree(bytes: Uint8Array): void {
  const request = readWholeRequest(bytes);
  if (request) assert.deepEqual(request, carefully(bytes, readRequestLine(bytes), TEXT));
  const answer = readWholeAnswer(bytes);
  if (answer) assert.deepEqual(answer, carefully(bytes, readStatusLine(bytes), TEXT | OBS_TEXT));
}

/** The same head by the careful way alone: a resume that stands before the first field. */
function fromFirstField(bytes: Uint8Array): RequestResult {
  const line = readRequestLine(bytes);
  if (line.kind !== 'line') return parseRequestHead(bytes);
  return parseRequestHead(bytes, { line, fields: { lineStart: line.next, scanned: line.next, fields: [] } });
}

const ordinary = [
  ascii('GET /a?b=%20 HTTP/1.1\r\nHost: A.test:80\r\nx-EMPTY:\r\nX-A:   b c  \r\nContent-Length: 3\r\n\r\nabc'),
  ascii('FROB /* HTTP/1.0\r\n\r\n'),
  ascii('HTTP/1.1 200\r\nServer: x\r\n\r\nbody\r\n\r\n'),
  ascii('HTTP/1.0 404 Not  here \r\nA: : b\r\n\r\n'),
];

test('takes heads of ordinary form, of captured clients and servers too', () => {
  const taken = (bytes: Uint8Array) => readWholeRequest(bytes) ?? readWholeAnswer(bytes);
  for (const bytes of ordinary) assert.ok(taken(bytes));
  for (const name of ['curl-7.88-get', 'curl-7.88-post', 'node-24-fetch', 'python-3-urllib'])
    assert.ok(taken(fixture(`http-request/${name}.bin`)), name);
  for (const path of fixturesIn('http-answer')) assert.ok(taken(fixture(path)), path);
});

test('names in lower case, values without the spaces around', () => {
  const head = readWholeRequest(ordinary[0] ?? new Uint8Array());
  assert.deepEqual(head?.fields, [
    ['host', 'A.test:80'],
    ['x-empty', ''],
    ['x-a', 'b c'],
    ['content-length', '3'],
  ]);
});

const left = [
  { says: 'no empty line yet', text: 'GET / HTTP/1.1\r\nHost: a.test\r\n' },
  { says: 'a tab', text: 'GET / HTTP/1.1\r\nHost:\ta.test\r\n\r\n' },
  { says: 'a byte from 0x80', text: 'HTTP/1.1 200 OK\r\nX: \xe4\r\n\r\n' },
  { says: 'a target that is no path', text: 'OPTIONS * HTTP/1.1\r\n\r\n' },
  { says: 'a folded line', text: 'GET / HTTP/1.1\r\nX: a\r\n b\r\n\r\n' },
  { says: 'more than 4 KiB', text: `GET / HTTP/1.1\r\nX: ${'y'.repeat(4096)}\r\n\r\n` },
  { says: 'too many fields', text: `GET / HTTP/1.1\r\n${'X: y\r\n'.repeat(FIELD_COUNT_CAP + 1)}\r\n` },
];
for (const { says, text } of left) {
  test(`leaves to the careful way: ${says}`, () => {
    assert.equal(readWholeRequest(ascii(text)), undefined);
    assert.equal(readWholeAnswer(ascii(text)), undefined);
  });
}

test('changed heads, cut anywhere, with anything behind: what is taken is what the careful way reads', () => {
  const captured = [...fixturesIn('http-request'), ...fixturesIn('http-answer')].map(fixture);
  const spice = fc.constantFrom(...ascii('\r\n\0 \t:;,/#*\x7f\x80\xffaA0H@_-'));
  const change = fc.record({ at: fc.nat(400), to: fc.oneof(spice, fc.nat(255)), remove: fc.constantFrom(0, 1, 2) });
  const changes = fc.array(change, { maxLength: 3 });
  let taken = 0;
  fc.assert(
    fc.property(
      fc.constantFrom(...ordinary, ...captured),
      changes,
      fc.uint8Array({ maxLength: 8 }),
      (source, edits, behind) => {
        const edited = [...source];
        for (const { at, to, remove } of edits) edited.splice(at % source.length, remove, to);
        const bytes = concat(Uint8Array.from(edited), behind);
        for (let length = 0; length <= bytes.length; length++) assertAgree(bytes.slice(0, length));
        assert.deepEqual(parseRequestHead(bytes), fromFirstField(bytes));
        if (readWholeRequest(bytes) ?? readWholeAnswer(bytes)) taken++;
      },
    ),
    { numRuns: 1000 },
  );
  assert.ok(taken > 100, `only ${taken} of 1000 went the quick way`);
});
