import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { Evidence } from '../../../../agent/model/evidence.ts';
import { parseAuthority, parseHostname } from '../../../../agent/model/hostname.ts';
import { type Sniffed, sniff } from '../../../../agent/sniff/sniff.ts';
import { parseRequestHead } from '../../../../agent/wire/http1-request.ts';
import { extension, helloMessage, inRecords, record, serverName } from '../wire/hello-bytes.ts';
import { ascii, concat, fixture, fixturesIn, settlesAt } from '../wire/settling.ts';

function open(bytes: Uint8Array): Sniffed {
  return sniff(bytes, false);
}

const NAMELESS: Evidence = { kind: 'tls', serverName: undefined, alpn: [] };
const aliyun = parseHostname('aliyun.com');
const ech = extension(0xfe0d, Uint8Array.of(0, 0, 1, 0, 1, 42, 0, 0, 0, 0));
const goodHello = inRecords(helloMessage());

const settled: readonly { says: string; bytes: Uint8Array; evidence: Evidence }[] = [
  { says: 'a hello', bytes: goodHello, evidence: { kind: 'tls', serverName: aliyun, alpn: [] } },
  {
    says: 'an encrypted hello',
    bytes: inRecords(helloMessage({ extensions: [serverName('aliyun.com'), ech] })),
    evidence: { kind: 'tls-ech', outerName: aliyun, alpn: [] },
  },
  { says: 'a hello without a name', bytes: fixture('client-hello/openssl-3.0-no-sni.bin'), evidence: NAMELESS },
  {
    says: 'a hello with two names',
    bytes: inRecords(helloMessage({ extensions: [serverName('aliyun.com', 'evil.test')] })),
    evidence: NAMELESS,
  },
  {
    says: 'an alert ahead of a good hello',
    bytes: concat(record(21, Uint8Array.of(1, 0)), goodHello),
    evidence: NAMELESS,
  },
  {
    says: 'a hello of 20 kB',
    bytes: inRecords(helloMessage({ extensions: [extension(21, new Uint8Array(20_000))] })),
    evidence: NAMELESS,
  },
  { says: 'a hello in the frame of SSL 2.0', bytes: Uint8Array.of(0x80, 46, 1, 3, 1, 0), evidence: NAMELESS },
  {
    says: 'HTTP/2 by prior knowledge',
    bytes: fixture('http-request/curl-7.88-h2-prior-knowledge.bin'),
    evidence: { kind: 'http2' },
  },
  { says: 'SSH', bytes: ascii('SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n'), evidence: { kind: 'opaque' } },
  { says: 'zeros', bytes: new Uint8Array(9), evidence: { kind: 'opaque' } },
  { says: '22 that is no record', bytes: Uint8Array.of(22, 9), evidence: { kind: 'opaque' } },
];

for (const { says, bytes, evidence } of settled) {
  test(`${says}: ${evidence.kind}`, () => {
    const want = { kind: 'evidence', evidence, http: undefined };
    assert.deepEqual(open(bytes), want);
    assert.deepEqual(sniff(bytes, true), want);
  });
}

test('an absolute-form is judged by its path, and the head comes along', () => {
  const bytes = fixture('http-request/curl-7.88-proxy-absolute.bin');
  const result = open(bytes);
  assert.ok(result.kind === 'evidence' && result.evidence.kind === 'http');
  const { method, target, authority } = result.evidence.request;
  assert.deepEqual([method, target, authority], ['GET', '/a?b', parseAuthority('aliyun.com')]);
  assert.deepEqual(result.http, parseRequestHead(bytes));
});

test('bad requests keep their status', () => {
  const statuses = [
    ['GET / HTTP/1.1\r\n\r\n', 400],
    ['GET / HTTP/3.0\r\n', 505],
    [`GET /${'a'.repeat(20_000)}`, 414],
    [`GET / HTTP/1.1\r\nX: ${'y'.repeat(70_000)}`, 431],
  ] as const;
  for (const [text, status] of statuses) {
    const result = open(ascii(text));
    assert.equal(result.kind === 'bad-request' && result.status, status);
  }
});

/** What is there when nothing more will come, and what to make of it. */
const cutShort: readonly { says: string; bytes: Uint8Array; evidence: Evidence | 400 | 505 }[] = [
  { says: 'nothing', bytes: new Uint8Array(0), evidence: { kind: 'silent' } },
  { says: 'the type of a record', bytes: Uint8Array.of(22), evidence: { kind: 'opaque' } },
  { says: 'the type and version of a record', bytes: Uint8Array.of(22, 3), evidence: NAMELESS },
  { says: 'half a hello', bytes: goodHello.slice(0, 60), evidence: NAMELESS },
  { says: 'all of a hello but its last byte', bytes: goodHello.slice(0, -1), evidence: NAMELESS },
  { says: 'an SSL 2.0 length', bytes: Uint8Array.of(0x80, 46), evidence: { kind: 'opaque' } },
  { says: 'half a method', bytes: ascii('GE'), evidence: { kind: 'opaque' } },
  { says: 'half a preface', bytes: ascii('PRI * HTTP/2.0\r'), evidence: { kind: 'opaque' } },
  { says: 'more of a preface', bytes: ascii('PRI * HTTP/2.0\r\n\r\nSM'), evidence: 505 },
  { says: 'a method and the beginning of a path', bytes: ascii('GET /'), evidence: 400 },
  {
    says: 'a head without its empty line',
    bytes: ascii('GET / HTTP/1.1\r\nHost: a.test\r\n'),
    evidence: 400,
  },
];

for (const { says, bytes, evidence } of cutShort) {
  test(`ended after ${says}: ${typeof evidence === 'number' ? evidence : evidence.kind}`, () => {
    assert.equal(open(bytes).kind, 'more');
    const result = sniff(bytes, true);
    if (typeof evidence === 'number') assert.equal(result.kind === 'bad-request' && result.status, evidence);
    else assert.deepEqual(result, { kind: 'evidence', evidence, http: undefined });
  });
}

for (const path of [...fixturesIn('client-hello'), ...fixturesIn('http-request')]) {
  test(`${path}: settles once, and no part of it is bad or something else`, () => {
    const bytes = fixture(path);
    const at = settlesAt(bytes, open);
    assert.ok(at > 20 && at <= bytes.length);
    const whole = open(bytes);
    assert.ok(whole.kind === 'evidence' && ['tls', 'http', 'http2'].includes(whole.evidence.kind));
  });
}

test('`resume` changes nothing but the work', () => {
  const bytes = fixture('http-request/node-24-websocket.bin');
  let resume: Parameters<typeof sniff>[2];
  for (let length = 1; length < bytes.length; length++) {
    const result = sniff(bytes.slice(0, length), false, resume);
    assert.ok(result.kind === 'more');
    resume = result.resume;
  }
  assert.ok(resume);
  assert.deepEqual(sniff(bytes, false, resume), open(bytes));
});

test('any bytes: total, an answer is due at the end, and what is settled before the end is the answer then', () => {
  const sources = [...fixturesIn('client-hello'), ...fixturesIn('http-request')].map(fixture);
  const random = fc.uint8Array({ maxLength: 80 });
  const mutated = fc
    .tuple(fc.constantFrom(...sources), fc.array(fc.tuple(fc.nat(600), fc.nat(255)), { maxLength: 3 }), fc.nat(700))
    .map(([source, changes, length]) => {
      const bytes = source.slice(0, length);
      for (const [at, to] of changes) if (at < bytes.length) bytes[at] = to;
      return bytes;
    });
  fc.assert(
    fc.property(fc.oneof(random, mutated), (bytes) => {
      const before = open(bytes);
      const atEnd = sniff(bytes, true);
      assert.notEqual(atEnd.kind, 'more');
      if (before.kind !== 'more') assert.deepEqual(atEnd, before);
    }),
    { numRuns: 3000 },
  );
});

test('a hello with any one byte changed gives the name that stands where the name was, or none', () => {
  let named = 0;
  for (let at = 0; at < goodHello.length; at++) {
    for (let to = 0; to < 256; to++) {
      const bytes = goodHello.slice();
      bytes[at] = to;
      const result = sniff(bytes, true);
      if (result.kind !== 'evidence' || result.evidence.kind !== 'tls' || result.evidence.serverName === undefined)
        continue;
      named++;
      const sent = String.fromCharCode(...bytes.subarray(-'aliyun.com'.length));
      assert.equal(result.evidence.serverName, parseHostname(sent), `byte ${at} set to ${to}`);
    }
  }
  assert.ok(named > 10_000); // random, session and ciphers may be anything
});
