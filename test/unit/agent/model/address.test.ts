import { deepEqual, equal, throws } from 'node:assert/strict';
import { SocketAddress } from 'node:net';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  bytesOf,
  endpointText,
  familyOf,
  type IpAddress,
  ipFromBytes,
  parseIp,
} from '../../../../agent/model/address.ts';
import { portOf } from '../../../../agent/model/port.ts';

const canonical: readonly (readonly [written: string, text: string])[] = [
  ['203.0.113.1', '203.0.113.1'],
  ['0.0.0.0', '0.0.0.0'],
  ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
  ['2001:0db8::0001', '2001:db8::1'],
  ['::', '::'],
  ['0:0:0:0:0:0:0:0', '::'],
  ['::1', '::1'],
  ['1::', '1::'],
  ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
  ['2001:db8::1:2:3:4:5', '2001:db8:0:1:2:3:4:5'],
  ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
  ['::2:3:4:5:6:7:8', '0:2:3:4:5:6:7:8'],
  ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
  ['::ffff:203.0.113.1', '203.0.113.1'],
  ['::FFFF:cb00:7101', '203.0.113.1'],
  ['0:0:0:0:0:ffff:203.0.113.1', '203.0.113.1'],
  ['::203.0.113.1', '::cb00:7101'],
];

for (const [written, text] of canonical) {
  test(`RFC 5952: ${written} is ${text}`, () => {
    equal(parseIp(written), text);
  });
}

const wrong = [
  '',
  ' ',
  '203.0.113',
  '203.0.113.1.1',
  '203.0.113.256',
  '203.0.113.01',
  '203.0.113.-1',
  '0x7f.0.0.1',
  '127.1',
  '2130706433',
  '203.0.113.1 ',
  ' 203.0.113.1',
  '203.0.113.1\n',
  '203..113.1',
  '１.2.3.4',
  ':',
  ':::',
  '1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7:8:9',
  '1:2:3:4:5:6:7:8::',
  '1::2::3',
  '12345::',
  'g::',
  ':1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7:',
  'fe80::1%eth0',
  '[::1]',
  '::1/128',
  '::1.2.3',
  '::1.2.3.4:5',
  '1.2.3.4::',
  '::256.0.0.1',
  '::ffff:1.2.3.04',
  '1:2:3:4:5:6:7:1.2.3.4',
  'localhost',
  'a.test',
];

for (const text of wrong) {
  test(`${JSON.stringify(text)} is no address`, () => {
    equal(parseIp(text), undefined);
  });
}

const addressBytes = fc.oneof(
  fc.uint8Array({ minLength: 4, maxLength: 4 }),
  fc.uint8Array({ minLength: 16, maxLength: 16 }),
  fc.uint8Array({ minLength: 16, maxLength: 16, max: 1 }),
);
const addresses = addressBytes.map((bytes) => ipFromBytes(bytes));

test('text to address and back is the same text', () => {
  fc.assert(fc.property(addresses, (ip) => parseIp(ip) === ip && ipFromBytes(bytesOf(ip)) === ip));
});

test('bytes come back as they were, save that a v4-mapped address is its IPv4 address', () => {
  fc.assert(
    fc.property(addressBytes, (bytes) => {
      const back = bytesOf(ipFromBytes(bytes));
      deepEqual([...back], [...bytes.subarray(bytes.length - back.length)]);
    }),
  );
});

test("the canonical text is that of Node's own", () => {
  fc.assert(
    fc.property(addresses, (ip) => {
      const family = familyOf(ip) === 4 ? 'ipv4' : 'ipv6';
      const { address } = new SocketAddress({ address: ip, family });
      // libuv writes the dotted form below ::/96, which RFC 5952 §5 leaves to known prefixes.
      if (!address.includes('.') || family === 'ipv4') equal(ip, address);
    }),
  );
});

test('every way to write an address is the same address', () => {
  const groups = fc.array(fc.nat(0xffff), { minLength: 8, maxLength: 8 });
  fc.assert(
    fc.property(groups, fc.boolean(), (words, upper) => {
      const text = words.map((word) => word.toString(16).padStart(4, '0')).join(':');
      const bytes = Uint8Array.from(words.flatMap((word) => [word >> 8, word & 255]));
      equal(parseIp(upper ? text.toUpperCase() : text), ipFromBytes(bytes));
    }),
  );
});

test('any text is an address or is not, and never throws', () => {
  const pieces = fc.array(fc.constantFrom(':', '::', '.', '0', '1', 'ffff', '255', '256', '/', 'g', ' '));
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: 'binary' }),
        pieces.map((parts) => parts.join('')),
      ),
      (text) => {
        const ip = parseIp(text);
        if (ip !== undefined) equal(parseIp(ip), ip);
      },
    ),
    { numRuns: 2_000 },
  );
});

test('an endpoint is written with brackets around IPv6', () => {
  const [v4, v6, port] = [parseIp('203.0.113.7'), parseIp('2001:db8::7'), portOf(80)];
  equal(v4 && port && endpointText({ ip: v4, port }), '203.0.113.7:80');
  equal(v6 && port && endpointText({ ip: v6, port }), '[2001:db8::7]:80');
});

test('a wrong number of bytes, and a cast that was none, are faults of the caller', () => {
  throws(() => ipFromBytes(new Uint8Array(5)), RangeError);
  throws(() => bytesOf('nowhere' as IpAddress), TypeError); // what no constructor makes
});
