import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { parseClientHello } from '../../../../agent/wire/tls.ts';
import * as h from './hello-bytes.ts';
import { ascii, concat, fixture, fixturesIn, settlesAt } from './settling.ts';

const H2 = ['h2', 'http/1.1'];
const many = Array.from({ length: 60 }, (_, at) => `protocol-${at}`);

/** What the client was told to send. */
const captured: Record<string, readonly [name: string | undefined, alpn: readonly string[]]> = {
  'openssl-3.0-alpn.bin': ['aliyun.com', H2],
  'openssl-3.0-no-sni.bin': [undefined, []],
  'openssl-3.0-tls12.bin': ['aliyun.com', []],
  'openssl-3.0-trailing-dot.bin': ['aliyun.com', []],
  'openssl-3.0-ip-sni.bin': [undefined, []],
  'openssl-3.0-two-records.bin': ['aliyun.com', many],
  'openssl-3.0-hello-retry.bin': ['aliyun.com', []],
  'curl-7.88.bin': ['aliyun.com', H2],
  'curl-7.88-ip.bin': [undefined, H2],
  'node-24.bin': ['www.httpbin.org', ['http/1.1']],
  'node-24-mlkem.bin': ['www.httpbin.org', []],
  'node-24-mlkem-x25519.bin': ['www.httpbin.org', H2],
  'python-3-ssl.bin': ['aliyun.com', []],
};

for (const path of fixturesIn('client-hello')) {
  const bytes = fixture(path);
  const expected = captured[path.slice('client-hello/'.length)];

  test(`${path}: read as sent, at every length`, () => {
    assert.ok(expected, 'a capture without expectation');
    const [serverName, alpn] = expected;
    assert.deepEqual(parseClientHello(bytes), { kind: 'hello', serverName, alpn, ech: false });
    const at = settlesAt(bytes, parseClientHello);
    assert.ok(at > 100 && at <= bytes.length, `settled at ${at}`);
  });
}

test('a hello in records of one byte each is the same hello, settled with its last byte', () => {
  const small = fixture('client-hello/openssl-3.0-tls12.bin');
  const split = h.inRecords(h.outOfRecords(small), 1);
  assert.deepEqual(parseClientHello(split), parseClientHello(small));
  assert.equal(settlesAt(split, parseClientHello), split.length);
  const large = fixture('client-hello/node-24-mlkem.bin');
  assert.deepEqual(parseClientHello(h.inRecords(h.outOfRecords(large), 1)), parseClientHello(large));
});

test('the capture with a long list of protocols does span two records', () => {
  const bytes = fixture('client-hello/openssl-3.0-two-records.bin');
  assert.ok(((bytes[3] ?? 0) << 8) + (bytes[4] ?? 0) + 5 < bytes.length);
});

test('captures with ML-KEM shares are over 1500 bytes', () => {
  assert.ok(fixture('client-hello/node-24-mlkem.bin').length > 1500);
});

test('the second hello after HelloRetryRequest names the same host, behind a change_cipher_spec', () => {
  const bytes = fixture('client-hello/openssl-3.0-hello-retry.bin');
  const first = 5 + ((bytes[3] ?? 0) << 8) + (bytes[4] ?? 0);
  assert.deepEqual(Array.from(bytes.subarray(first, first + 6)), [20, 3, 3, 0, 1, 1]);
  const second = bytes.slice(first + 6);
  assert.notDeepEqual(second, bytes.slice(0, first));
  assert.deepEqual(parseClientHello(second), parseClientHello(bytes.slice(0, first)));
});

const GREASE = 0x5a5a;
const outerEch = h.extension(
  0xfe0d,
  concat(Uint8Array.of(0, 0, 1, 0, 1, 42), h.vector16(new Uint8Array(32)), h.vector16(new Uint8Array(144))),
);

const readable = [
  {
    says: 'GREASE cipher, extensions first and last, ALPN',
    parts: {
      ciphers: concat(h.u16(GREASE), h.u16(0x1301)),
      extensions: [
        h.extension(0x1a1a, new Uint8Array(0)),
        h.alpn('\x8a\x8a', 'h2', '\x8a\x8b'),
        h.serverName('aliyun.com'),
        h.extension(0x2a2a, Uint8Array.of(0)),
      ],
    },
    want: { serverName: 'aliyun.com', alpn: ['h2', '\u0160\u2039'], ech: false },
  },
  {
    says: 'encrypted hello, outer',
    parts: { extensions: [h.serverName('public.test'), outerEch] },
    want: { serverName: 'public.test', alpn: [], ech: true },
  },
  {
    says: 'encrypted hello, outer, no outer name',
    parts: { extensions: [outerEch] },
    want: { serverName: undefined, alpn: [], ech: true },
  },
  {
    says: 'marked as an inner hello',
    parts: { extensions: [h.extension(0xfe0d, Uint8Array.of(1)), h.serverName('aliyun.com')] },
    want: { serverName: 'aliyun.com', alpn: [], ech: false },
  },
  {
    says: 'upper case and a trailing dot',
    parts: { extensions: [h.serverName('ALIYUN.com.')] },
    want: { serverName: 'aliyun.com', alpn: [], ech: false },
  },
  {
    says: 'an IPv4 address for a name',
    parts: { extensions: [h.serverName('203.0.113.7')] },
    want: { serverName: undefined, alpn: [], ech: false },
  },
  {
    says: 'an IPv6 address for a name',
    parts: { extensions: [h.serverName('2001:db8::7')] },
    want: { serverName: undefined, alpn: [], ech: false },
  },
  {
    says: 'a name with NUL in it',
    parts: { extensions: [h.serverName('aliyun.com\0.evil.test')] },
    want: { serverName: undefined, alpn: [], ech: false },
  },
  {
    says: 'a name that is not ASCII',
    parts: { extensions: [h.serverName('\xe4liyun.com')] },
    want: { serverName: undefined, alpn: [], ech: false },
  },
  {
    says: 'no extensions at all, TLS 1.2',
    parts: { extensions: null },
    want: { serverName: undefined, alpn: [], ech: false },
  },
  {
    says: 'an empty list of extensions',
    parts: { extensions: [] },
    want: { serverName: undefined, alpn: [], ech: false },
  },
  {
    says: 'no session, SSL 3.0',
    parts: { version: 0x0300, session: new Uint8Array(0) },
    want: { serverName: 'aliyun.com', alpn: [], ech: false },
  },
];

for (const { says, parts, want } of readable) {
  test(`readable: ${says}`, () => {
    const bytes = h.inRecords(h.helloMessage(parts));
    assert.deepEqual(parseClientHello(bytes), { kind: 'hello', ...want });
    assert.equal(settlesAt(bytes, parseClientHello), bytes.length);
  });
}

const typeOne = h.extension(0, h.vector16(concat(Uint8Array.of(1), h.vector16(ascii('aliyun.com')))));
const broken = [
  { says: 'server_name twice', parts: { extensions: [h.serverName('aliyun.com'), h.serverName('evil.test')] } },
  { says: 'server_name twice, equal', parts: { extensions: [h.serverName('aliyun.com'), h.serverName('aliyun.com')] } },
  {
    says: 'an unknown extension twice',
    parts: { extensions: [h.extension(99, new Uint8Array(0)), h.extension(99, new Uint8Array(0))] },
  },
  { says: 'two names in one list', parts: { extensions: [h.serverName('aliyun.com', 'evil.test')] } },
  { says: 'an empty list of names', parts: { extensions: [h.serverName()] } },
  { says: 'an empty name', parts: { extensions: [h.serverName('')] } },
  { says: 'a name of another type', parts: { extensions: [typeOne] } },
  { says: 'server_name without content', parts: { extensions: [h.extension(0, new Uint8Array(0))] } },
  {
    says: 'bytes behind the list of names',
    parts: {
      extensions: [
        h.extension(0, concat(h.vector16(concat(Uint8Array.of(0), h.vector16(ascii('a.test')))), Uint8Array.of(0))),
      ],
    },
  },
  { says: 'an ALPN list of nothing', parts: { extensions: [h.alpn()] } },
  { says: 'an empty protocol', parts: { extensions: [h.alpn('h2', '')] } },
  {
    says: 'a protocol longer than its list',
    parts: { extensions: [h.extension(16, h.vector16(Uint8Array.of(9, 104)))] },
  },
  {
    says: 'bytes behind the ALPN list',
    parts: { extensions: [h.extension(16, concat(h.vector16(Uint8Array.of(2, 104, 50)), Uint8Array.of(0)))] },
  },
  { says: 'an ALPN list longer than its extension', parts: { extensions: [h.extension(16, h.u16(40))] } },
  { says: 'an encrypted hello of unknown type', parts: { extensions: [h.extension(0xfe0d, Uint8Array.of(2))] } },
  { says: 'an encrypted hello without content', parts: { extensions: [h.extension(0xfe0d, new Uint8Array(0))] } },
  { says: 'half an extension', parts: { extensions: [Uint8Array.of(0)] } },
  { says: 'an extension longer than the list', parts: { extensions: [Uint8Array.of(0, 9, 0, 200)] } },
  { says: 'an odd list of ciphers', parts: { ciphers: Uint8Array.of(0x13, 1, 0x13) } },
  { says: 'no ciphers', parts: { ciphers: new Uint8Array(0) } },
  { says: 'no compression method', parts: { compressions: new Uint8Array(0) } },
  { says: 'a session of 33 bytes', parts: { session: new Uint8Array(33) } },
  { says: 'version 2.3', parts: { version: 0x0203 } },
];

for (const { says, parts } of broken) {
  test(`malformed: ${says}`, () => {
    const bytes = h.inRecords(h.helloMessage(parts));
    assert.deepEqual(parseClientHello(bytes), { kind: 'malformed' });
    assert.equal(settlesAt(bytes, parseClientHello), bytes.length);
  });
}

test('malformed: bytes behind the extensions, a list longer than the hello, a hello of nothing', () => {
  const good = h.helloMessage();
  const longer = h.message(1, concat(good.slice(4), Uint8Array.of(0)));
  const shorter = h.message(1, good.slice(4, -1));
  for (const handshake of [longer, shorter, h.message(1, new Uint8Array(0))])
    assert.deepEqual(parseClientHello(h.inRecords(handshake)), { kind: 'malformed' });
});

test('random bytes and changed captures: total, deterministic, settled once', () => {
  const captures = fixturesIn('client-hello').map(fixture);
  const change = fc.record({ at: fc.nat(700), to: fc.nat(255) });
  const mutated = fc.tuple(fc.constantFrom(...captures), fc.array(change, { minLength: 1, maxLength: 4 }), fc.nat(700));
  fc.assert(
    fc.property(mutated, ([bytes, changes, cut]) => {
      const copy = bytes.slice();
      for (const { at, to } of changes) copy[at % copy.length] = to;
      const whole = parseClientHello(copy);
      const part = parseClientHello(copy.slice(0, cut));
      assert.deepEqual(parseClientHello(copy), whole);
      if (part.kind !== 'more') assert.deepEqual(part, whole);
    }),
    { numRuns: 2000 },
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      settlesAt(concat(Uint8Array.of(22, 3, 1, 0), bytes), parseClientHello);
      settlesAt(bytes, parseClientHello);
    }),
    { numRuns: 200 },
  );
});

test('any hello, in any records: what was written is what is read', () => {
  const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?$/);
  const name = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => `${labels.join('.')}.test`);
  const protocols = fc.array(fc.stringMatching(/^[a-z0-9/.]{1,20}$/), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(name, protocols, fc.integer({ min: 1, max: 400 }), (serverName, alpn, size) => {
      const bytes = h.inRecords(h.helloMessage({ extensions: [h.alpn(...alpn), h.serverName(serverName)] }), size);
      assert.deepEqual(parseClientHello(bytes), { kind: 'hello', serverName, alpn, ech: false });
    }),
    { numRuns: 300 },
  );
});
