import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { ipFromBytes } from '../../../../agent/model/address.ts';
import { type Hostname, parseHostname } from '../../../../agent/model/hostname.ts';
import { type Port, portOf } from '../../../../agent/model/port.ts';
import type { Preamble } from '../../../../agent/wire/proxy-v2.ts';
import { readProxyV2 } from '../../../../agent/wire/proxy-v2-read.ts';
import { writeProxyV2 } from '../../../../agent/wire/proxy-v2-write.ts';
import { GOLDEN, header, tlv, withChecksum, workload } from './proxy-v2-bytes.ts';
import { ascii, concat, fixture, fixturesIn, settlesAt } from './settling.ts';

for (const path of fixturesIn('proxy-v2')) {
  const bytes = fixture(path);

  test(`${path}: read as meant, settled with its last byte, whatever comes behind`, () => {
    const preamble = GOLDEN[path.slice('proxy-v2/'.length)];
    assert.ok(preamble, 'a fixture without meaning');
    assert.deepEqual(readProxyV2(bytes), { kind: 'preamble', preamble, bytes: bytes.length });
    const more = concat(bytes, ascii('GET / HTTP/1.1\r\n'), bytes);
    assert.equal(settlesAt(more, readProxyV2), bytes.length);
  });

  test(`${path}: any one byte changed, and it is no preamble`, () => {
    for (let at = 0; at < bytes.length; at++) {
      for (let flip = 1; flip <= 255; flip++) {
        const changed = bytes.slice();
        changed[at] = (changed[at] ?? 0) ^ flip;
        // Bytes behind, as the workload sends them: a length that grew may find enough of them.
        for (const whole of [changed, concat(changed, new Uint8Array(300)), concat(changed, bytes, bytes)]) {
          const result = readProxyV2(whole);
          assert.notEqual(result.kind, 'preamble', `byte ${at} ^ ${flip}`);
        }
      }
    }
  });
}

test('a Buffer is read alike and left as it is', () => {
  const bytes = Buffer.from(fixture('proxy-v2/workload-and-server-name.bin'));
  const copy = Buffer.from(bytes);
  assert.deepEqual(readProxyV2(bytes), readProxyV2(new Uint8Array(bytes)));
  assert.deepEqual(bytes, copy);
});

const skipped = [
  { says: 'NOOP', tlvs: [tlv(4, new Uint8Array(20))] },
  { says: 'NOOP twice, one of nothing', tlvs: [tlv(4, new Uint8Array(0)), tlv(4, new Uint8Array(1))] },
  { says: 'ALPN, UNIQUE_ID, SSL, NETNS', tlvs: [1, 5, 0x20, 0x30].map((type) => tlv(type, ascii('x'))) },
  { says: 'the custom range beside ours', tlvs: [tlv(0xe1, ascii('x')), tlv(0xef, ascii('y'))] },
  { says: 'up to the cap', tlvs: [tlv(4, new Uint8Array(2048 - 12 - 7 - 3))] },
];

for (const { says, tlvs } of skipped) {
  test(`skipped: ${says}`, () => {
    const bytes = header({ tlvs });
    assert.deepEqual(readProxyV2(bytes), { kind: 'preamble', preamble: GOLDEN['v4.bin'], bytes: bytes.length });
    assert.equal(settlesAt(bytes, readProxyV2), bytes.length);
  });
}

test('the checksum may stand anywhere', () => {
  const bytes = header({
    checksum: 'none',
    tlvs: [tlv(2, ascii('aliyun.com')), tlv(3, new Uint8Array(4)), tlv(4, ascii('x'))],
  });
  withChecksum(bytes, 16 + 12 + 13 + 3);
  const result = readProxyV2(bytes);
  assert.equal(result.kind === 'preamble' && result.preamble.serverName, 'aliyun.com');
});

test('names are made canonical', () => {
  const result = readProxyV2(header({ tlvs: [tlv(2, ascii('ALIYUN.com.'))] }));
  assert.equal(result.kind === 'preamble' && result.preamble.serverName, 'aliyun.com');
});

const other = [
  { says: 'text', bytes: ascii('GET / HTTP/1.1\r\n\r\n') },
  { says: 'a ClientHello', bytes: Uint8Array.of(22, 3, 1, 2, 0) },
  { says: 'version 1', bytes: ascii('PROXY TCP4 198.18.0.1 198.18.0.2 1 2\r\n') },
  { says: 'blank lines ahead of a request', bytes: ascii('\r\n\r\nGET / HTTP/1.1\r\n') },
  { says: 'the signature but for its last byte', bytes: concat(header().slice(0, 11), ascii('x')) },
];

for (const { says, bytes } of other) {
  test(`not a header: ${says}`, () => {
    assert.deepEqual(readProxyV2(bytes), { kind: 'not-proxy' });
    assert.ok(settlesAt(bytes, readProxyV2) <= 12);
  });
}

/** `at`: how many bytes settle it; undefined: all of them. */
const broken = [
  {
    says: 'version 1 behind the signature',
    bytes: header({ command: 0x11 }),
    why: /version 2 with command PROXY/,
    at: 13,
  },
  { says: 'LOCAL', bytes: header({ command: 0x20 }), why: /command PROXY/, at: 13 },
  { says: 'a command that nobody knows', bytes: header({ command: 0x22 }), why: /command PROXY/, at: 13 },
  { says: 'AF_UNSPEC', bytes: header({ family: 0 }), why: /not TCP over IPv4 or IPv6/, at: 14 },
  { says: 'UDP over IPv4', bytes: header({ family: 0x12 }), why: /not TCP/, at: 14 },
  { says: 'UDP over IPv6', bytes: header({ family: 0x22 }), why: /not TCP/, at: 14 },
  { says: 'a UNIX socket', bytes: header({ family: 0x31 }), why: /not TCP/, at: 14 },
  { says: 'a family that nobody knows', bytes: header({ family: 0x41 }), why: /not TCP/, at: 14 },
  { says: 'one byte over the cap', bytes: header({ length: 2049 }), why: /longer than 2048 bytes/, at: 16 },
  { says: '64 KiB', bytes: header({ length: 0xffff }), why: /longer than 2048 bytes/, at: 15 },
  { says: 'too short for IPv4', bytes: header({ length: 11 }), why: /too short for its addresses/, at: 16 },
  { says: 'too short for IPv6', bytes: header({ family: 0x21, length: 35 }), why: /too short/, at: 16 },
  { says: 'nothing at all', bytes: header({ length: 0 }), why: /too short/, at: 16 },
  { says: 'no checksum', bytes: header({ checksum: 'none' }), why: /no checksum/ },
  { says: 'cut off behind the addresses', bytes: header({ length: 12 }), why: /no checksum/, at: 28 },
  {
    says: 'a checksum of five bytes',
    bytes: header({ checksum: 'none', tlvs: [tlv(3, new Uint8Array(5))] }),
    why: /checksum/,
  },
  { says: 'a checksum of nothing', bytes: header({ checksum: 'none', tlvs: [tlv(3, ascii(''))] }), why: /checksum/ },
  {
    says: 'a wrong checksum',
    bytes: header({ checksum: 'none', tlvs: [tlv(3, ascii('abcd'))] }),
    why: /does not match/,
  },
  { says: 'two checksums', bytes: header({ tlvs: [tlv(3, new Uint8Array(4))] }), why: /twice/ },
  {
    says: 'two names',
    bytes: header({ tlvs: [tlv(2, ascii('a.example')), tlv(2, ascii('b.example'))] }),
    why: /twice/,
  },
  {
    says: 'two workloads',
    bytes: header({ tlvs: [workload(['a', 'b', 'c']), workload(['a', 'b', 'c'])] }),
    why: /twice/,
  },
  { says: 'a TLV beyond the end', bytes: header({ tlvs: [Uint8Array.of(4, 0, 1)] }), why: /does not end/ },
  { says: 'half a TLV', bytes: header({ tlvs: [Uint8Array.of(4, 0)] }), why: /does not end/ },
  { says: 'an empty name', bytes: header({ tlvs: [tlv(2, ascii(''))] }), why: /no host name/ },
  { says: 'an address for a name', bytes: header({ tlvs: [tlv(2, ascii('203.0.113.7'))] }), why: /no host name/ },
  { says: 'a wildcard', bytes: header({ tlvs: [tlv(2, ascii('*.example'))] }), why: /no host name/ },
  { says: 'a name with NUL', bytes: header({ tlvs: [tlv(2, ascii('a.example\0.b'))] }), why: /no host name/ },
  { says: 'a name beyond ASCII', bytes: header({ tlvs: [tlv(2, ascii('\xe4.example'))] }), why: /no host name/ },
  { says: 'layout 0', bytes: header({ tlvs: [workload(['a', 'b', ''], 0)] }), why: /layout/ },
  { says: 'layout 2', bytes: header({ tlvs: [workload(['a', 'b', ''], 2)] }), why: /layout/ },
  { says: 'a workload of nothing', bytes: header({ tlvs: [tlv(0xe0, ascii(''))] }), why: /layout/ },
  { says: 'two names in the workload', bytes: header({ tlvs: [workload(['a', 'b'])] }), why: /exactly three names/ },
  { says: 'four', bytes: header({ tlvs: [workload(['a', 'b', 'c', 'd'])] }), why: /exactly three names/ },
  { says: 'no namespace', bytes: header({ tlvs: [workload(['', 'b', 'c'])] }), why: /names that are none/ },
  { says: 'no name', bytes: header({ tlvs: [workload(['a', '', 'c'])] }), why: /names that are none/ },
  { says: 'a namespace with a dot', bytes: header({ tlvs: [workload(['a.b', 'c', ''])] }), why: /names that are none/ },
  { says: 'a pod with a slash', bytes: header({ tlvs: [workload(['a', 'b/c', ''])] }), why: /names that are none/ },
  {
    says: 'an account with a line feed',
    bytes: header({ tlvs: [workload(['a', 'b', 'c\n'])] }),
    why: /names that are none/,
  },
  {
    says: 'source port 0',
    bytes: header({ addresses: Uint8Array.of(1, 1, 1, 1, 2, 2, 2, 2, 0, 0, 0, 80) }),
    why: /port 0/,
  },
  {
    says: 'destination port 0',
    bytes: header({ addresses: Uint8Array.of(1, 1, 1, 1, 2, 2, 2, 2, 0, 80, 0, 0) }),
    why: /port 0/,
  },
];

for (const { says, bytes, why, at } of broken) {
  test(`bad: ${says}`, () => {
    const result = readProxyV2(bytes);
    assert.match(result.kind === 'bad' ? result.why : result.kind, why);
    assert.equal(settlesAt(bytes, readProxyV2), at ?? bytes.length);
  });
}

const address = fc
  .oneof(fc.uint8Array({ minLength: 4, maxLength: 4 }), fc.uint8Array({ minLength: 16, maxLength: 16 }))
  .map(ipFromBytes);
const port = fc
  .integer({ min: 1, max: 65_535 })
  .map(portOf)
  .filter((each): each is Port => each !== undefined);
/** As ours are; else half of them have no prototype, and no value of ours is equal to them. */
const PLAIN = { noNullPrototype: true };
const endpoints = fc.record({ ip: address, port }, PLAIN);
const label = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/);
const name = fc.array(label, { minLength: 1, maxLength: 3 }).map((labels) => labels.join('.'));
const hostname = name.map(parseHostname).filter((each): each is Hostname => each !== undefined);
const workloads = fc.record({ namespace: label, name, serviceAccount: fc.option(name, { nil: undefined }) }, PLAIN);
const preambles: fc.Arbitrary<Preamble> = fc.record(
  {
    source: endpoints,
    destination: endpoints,
    workload: fc.option(workloads, { nil: undefined }),
    serverName: fc.option(hostname, { nil: undefined }),
  },
  PLAIN,
);

test('any preamble: what was written is what is read, settled with its last byte', () => {
  fc.assert(
    fc.property(preambles, fc.uint8Array({ maxLength: 40 }), (preamble, behind) => {
      const bytes = writeProxyV2(preamble);
      assert.deepEqual(readProxyV2(concat(bytes, behind)), { kind: 'preamble', preamble, bytes: bytes.length });
      assert.equal(settlesAt(bytes, readProxyV2), bytes.length);
    }),
    { numRuns: 300 },
  );
});

test('any preamble with one byte changed is no preamble', () => {
  fc.assert(
    fc.property(
      preambles,
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      fc.uint8Array({ maxLength: 700 }),
      (preamble, at, flip, behind) => {
        const bytes = writeProxyV2(preamble);
        bytes[at % bytes.length] = (bytes[at % bytes.length] ?? 0) ^ flip;
        assert.notEqual(readProxyV2(concat(bytes, behind)).kind, 'preamble');
      },
    ),
    { numRuns: 5000 },
  );
});

test('random bytes, bare and behind a proper beginning: total, settled once', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 120 }),
      fc.nat(120),
      fc.constantFrom(0x11, 0x21),
      (bytes, length, family) => {
        settlesAt(bytes, readProxyV2);
        settlesAt(concat(header({ family, length }).slice(0, 16), bytes), readProxyV2);
      },
    ),
    { numRuns: 500 },
  );
});
