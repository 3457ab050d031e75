import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  type Forwarded,
  forwardedInsertions,
  type Insertion,
  withInsertions,
} from '../../../../agent/wire/http1-forwarded.ts';
import { parseRequestHead, type RequestHead } from '../../../../agent/wire/http1-request.ts';
import { requestHead } from './request-head.ts';
import { ascii, concat, fixture, fixturesIn, textOf } from './settling.ts';

const IP = '198.18.0.140';
const ID = '55789d59-9b81-4e39-b64a-66baf44e0000';
const BOTH: Forwarded = { clientAddress: IP, requestId: ID };
const ADDRESS: Forwarded = { clientAddress: IP, requestId: undefined };

function headText(...lines: readonly string[]): string {
  return ['GET / HTTP/1.1', 'Host: a.test', ...lines, '', ''].join('\r\n');
}

/** The lines that are between Host and the empty line once this was forwarded. */
function sentLines(forwarded: Forwarded, ...lines: readonly string[]): readonly string[] {
  const text = textOf(sent(ascii(headText(...lines)), forwarded));
  assert.ok(text.startsWith('GET / HTTP/1.1\r\nHost: a.test\r\n') && text.endsWith('\r\n\r\n'), text);
  return text.split('\r\n').slice(2, -2);
}

function sent(head: Uint8Array, forwarded: Forwarded): Uint8Array {
  return withInsertions(head, forwardedInsertions(head, forwarded));
}

const rows: readonly (readonly [says: string, lines: readonly string[], want: readonly string[]])[] = [
  ['none: a field of its own, last', [], [`x-forwarded-for: ${IP}`]],
  ['behind other fields', ['a: b'], ['a: b', `x-forwarded-for: ${IP}`]],
  ['one: appended', ['x-forwarded-for: 203.0.113.1', 'a: b'], [`x-forwarded-for: 203.0.113.1,${IP}`, 'a: b']],
  ['in any case of the name', ['X-Forwarded-FOR:203.0.113.1'], [`X-Forwarded-FOR:203.0.113.1,${IP}`]],
  ['an empty value', ['x-forwarded-for:'], [`x-forwarded-for:,${IP}`]],
  ['nothing but blanks', ['x-forwarded-for: \t '], [`x-forwarded-for: \t ,${IP}`]],
  ['blanks behind the value', ['x-forwarded-for: 203.0.113.1 \t'], [`x-forwarded-for: 203.0.113.1 \t,${IP}`]],
  [
    'several: to the last',
    ['x-forwarded-for: 203.0.113.1', 'a: b', 'X-Forwarded-For: 203.0.113.2', 'c: d'],
    ['x-forwarded-for: 203.0.113.1', 'a: b', `X-Forwarded-For: 203.0.113.2,${IP}`, 'c: d'],
  ],
  [
    'names that only begin or end alike, and values',
    ['x-forwarded-for-2: a', 'x-forwarded-fo: b', 'xx-forwarded-for: c', 'x_forwarded-for: d', 'e: x-forwarded-for: f'],
    [
      'x-forwarded-for-2: a',
      'x-forwarded-fo: b',
      'xx-forwarded-for: c',
      'x_forwarded-for: d',
      'e: x-forwarded-for: f',
      `x-forwarded-for: ${IP}`,
    ],
  ],
];

for (const [says, lines, want] of rows) {
  test(`x-forwarded-for: ${says}`, () => assert.deepEqual(sentLines(ADDRESS, ...lines), want));
}

test('x-request-id: added to a request that has none, and left alone in one that has', () => {
  const id: Forwarded = { clientAddress: undefined, requestId: ID };
  assert.deepEqual(sentLines(id, 'a: b'), ['a: b', `x-request-id: ${ID}`]);
  assert.deepEqual(sentLines(id, 'x-request-id-2: a', 'b: x-request-id: c').at(-1), `x-request-id: ${ID}`);
  for (const own of ['x-request-id: mine', 'X-REQUEST-ID:mine', 'x-request-id:']) {
    assert.deepEqual(sentLines(id, own), [own]);
    assert.deepEqual(sentLines(BOTH, own), [own, `x-forwarded-for: ${IP}`]);
  }
});

test('of nothing that is to be told nothing is put in', () => {
  const nothing: Forwarded = { clientAddress: undefined, requestId: undefined };
  const head = ascii(headText('x-forwarded-for: a', 'x-request-id: b'));
  assert.deepEqual(forwardedInsertions(head, nothing), []);
  assert.deepEqual(withInsertions(head, []), head);
});

test('a request line that names the fields is none of them', () => {
  const head = ascii('GET /x-forwarded-for:/ HTTP/1.1\r\nHost: a.test\r\n\r\n');
  assert.ok(textOf(sent(head, ADDRESS)).endsWith(`\r\nx-forwarded-for: ${IP}\r\n\r\n`));
});

test('offsets are of the head as it was, in their order', () => {
  const text = headText('x-forwarded-for: a', 'b: c');
  const insertions = forwardedInsertions(ascii(text), BOTH).map(({ at, bytes }) => [at, textOf(bytes)]);
  const behind = text.indexOf('a\r\nb') + 1;
  assert.deepEqual(insertions, [
    [behind, `,${IP}`],
    [text.length - 2, `x-request-id: ${ID}\r\n`],
  ]);
  const alone = headText('b: c');
  const added = `x-forwarded-for: ${IP}\r\nx-request-id: ${ID}\r\n`;
  assert.deepEqual(forwardedInsertions(ascii(alone), BOTH), [{ at: alone.length - 2, bytes: ascii(added) }]);
});

test('put in at once, or one by one from behind: the same', () => {
  const insertion = fc.record({ at: fc.nat(40), bytes: fc.uint8Array({ maxLength: 9 }) });
  const any = fc.array(insertion, { maxLength: 5 }).map((all) => all.toSorted((a, b) => a.at - b.at));
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 40, maxLength: 60 }), any, (head, insertions) => {
      assert.deepEqual(withInsertions(head, insertions), oneByOne(head, insertions));
    }),
  );
});

function oneByOne(head: Uint8Array, insertions: readonly Insertion[]): Uint8Array {
  return insertions.reduceRight<Uint8Array>(
    (all, { at, bytes }) => concat(all.subarray(0, at), bytes, all.subarray(at)),
    head,
  );
}

const told: fc.Arbitrary<Forwarded> = fc.record({
  clientAddress: fc.constantFrom(undefined, IP, '2001:db8::140'),
  requestId: fc.constantFrom(undefined, ID),
});

for (const path of fixturesIn('http-request').filter((name) => !name.includes('prior-knowledge'))) {
  test(`${path}: the same request, told who asks`, () => {
    const bytes = fixture(path);
    const before = parseRequestHead(bytes);
    assert.ok(before.kind === 'head');
    fc.assert(fc.property(told, (forwarded) => assertSame(bytes.subarray(0, before.headBytes), before, forwarded)));
  });
}

const NAMES = ['X-Forwarded-For', 'x-forwarded-for', 'X-Request-Id', 'x-request-id'];
const name = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...NAMES) },
  fc.constantFrom(...NAMES).chain((each) => fc.constantFrom(`${each}x`, `${each}-`, each.slice(0, -1), `y${each}`)),
  fc.constantFrom('Accept', 'x', 'Via', 'X-Real-Ip', 'Connection', 'Expect', 'Upgrade'),
);
const value = fc.string({ unit: fc.constantFrom(...Array.from('ab1.:/,; \t"~')), maxLength: 20 });
const field = fc.tuple(name, value).map(([each, text]) => `${each}:${text}`);
const framing = fc.constantFrom('Content-Length: 3', 'Content-Length:0', 'Transfer-Encoding: chunked', 'a: b');
const startLine = fc.constantFrom(
  'GET / HTTP/1.1',
  'POST /a?b=c HTTP/1.1',
  'GET http://a.test/x HTTP/1.1',
  'OPTIONS * HTTP/1.1',
  'CONNECT a.test:443 HTTP/1.1',
  'HEAD /x-request-id:1 HTTP/1.0',
);
const heads = fc
  .tuple(startLine, fc.array(field, { maxLength: 8 }), framing, fc.nat())
  .map(([line, fields, body, at]) => {
    const host = line.startsWith('CONNECT') ? 'Host: a.test:443' : 'Host: a.test';
    const place = at % (fields.length + 1);
    return [line, ...fields.toSpliced(place, 0, host, body), '', ''].join('\r\n');
  });

test('any head that is read is read again, the same but for what is told', () => {
  let read = 0;
  fc.assert(
    fc.property(heads, told, (text, forwarded) => {
      const before = parseRequestHead(ascii(text));
      if (before.kind !== 'head') return;
      read++;
      assertSame(ascii(text), before, forwarded);
    }),
    { numRuns: 1_000 },
  );
  assert.ok(read > 200, `only ${read} heads were any`);
});

/** `before`: what the strict parser reads of this head. */
function assertSame(head: Uint8Array, before: RequestHead, forwarded: Forwarded): void {
  const insertions = forwardedInsertions(head, forwarded);
  const whole = withInsertions(head, insertions);
  assert.deepEqual(whole, oneByOne(head, insertions));
  const added = insertions.reduce((sum, { bytes }) => sum + bytes.length, 0);
  assert.deepEqual(requestHead(textOf(whole)), {
    ...before,
    headers: expectedHeaders(textOf(head), before, forwarded),
    headBytes: before.headBytes + added,
  });
}

function expectedHeaders(text: string, { headers }: RequestHead, { clientAddress, requestId }: Forwarded) {
  const named = (wanted: string): number => headers.findLastIndex(([each]) => each === wanted);
  const last = named('x-forwarded-for');
  const line = text.split('\r\n').findLast((each) => /^x-forwarded-for:/i.test(each));
  const raw = line?.slice(line.indexOf(':') + 1);
  const fields: (readonly [string, string])[] = [...headers];
  if (clientAddress !== undefined) {
    const joined = `${raw ?? ''},${clientAddress}`.replace(/^[ \t]+/, '');
    if (last === -1) fields.push(['x-forwarded-for', clientAddress]);
    else fields[last] = ['x-forwarded-for', joined];
  }
  if (requestId !== undefined && named('x-request-id') === -1) fields.push(['x-request-id', requestId]);
  return fields;
}
