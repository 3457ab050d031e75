import { deepEqual, equal, ok } from 'node:assert/strict';
import { BlockList } from 'node:net';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { familyOf, ipFromBytes, parseIp } from '../../../../agent/model/address.ts';
import { type Cidr, cidrContains, parseCidr } from '../../../../agent/model/cidr.ts';

function text(cidr: Cidr | undefined): string | undefined {
  return cidr && `${ipFromBytes(cidr.bytes)}/${cidr.bits}`;
}

const rows: readonly (readonly [written: string, want: string | undefined])[] = [
  ['198.18.0.0/15', '198.18.0.0/15'],
  ['198.19.255.255/15', '198.18.0.0/15'],
  ['203.0.113.7', '203.0.113.7/32'],
  ['0.0.0.0/0', '0.0.0.0/0'],
  ['203.0.113.7/0', '0.0.0.0/0'],
  ['2001:db8::7', '2001:db8::7/128'],
  ['2001:db8:ffff::/33', '2001:db8:8000::/33'],
  ['::/0', '::/0'],
  ['::ffff:203.0.113.7', '203.0.113.7/32'],
  ['::ffff:203.0.113.7/120', '203.0.113.0/24'],
  ['::ffff:0:0/96', '0.0.0.0/0'],
  ['::ffff:203.0.113.7/95', undefined],
  ['203.0.113.7/33', undefined],
  ['2001:db8::/129', undefined],
  ['203.0.113.7/', undefined],
  ['203.0.113.7/08', undefined],
  ['203.0.113.7/-1', undefined],
  ['203.0.113.7/8/8', undefined],
  ['203.0.113.7/255.0.0.0', undefined],
  ['/8', undefined],
  ['', undefined],
  ['a.test/8', undefined],
];

for (const [written, want] of rows) {
  test(`${JSON.stringify(written)} is ${want ?? 'no prefix'}`, () => {
    equal(text(parseCidr(written)), want);
  });
}

const address = fc
  .oneof(fc.uint8Array({ minLength: 4, maxLength: 4 }), fc.uint8Array({ minLength: 16, maxLength: 16, max: 3 }))
  .map((bytes) => ipFromBytes(bytes));
const prefix = fc.tuple(address, fc.nat(128)).map(([ip, bits]) => `${ip}/${familyOf(ip) === 4 ? bits % 33 : bits}`);

test('a prefix is the same when it is read again, and contains its own address', () => {
  fc.assert(
    fc.property(prefix, (written) => {
      const cidr = parseCidr(written);
      ok(cidr);
      deepEqual(parseCidr(text(cidr) ?? ''), cidr);
      const ip = parseIp(written.split('/')[0] ?? '');
      ok(ip && cidrContains(cidr, ip));
    }),
  );
});

test("it contains what Node's BlockList says it does", () => {
  fc.assert(
    fc.property(prefix, address, (written, ip) => {
      const cidr = parseCidr(written);
      ok(cidr);
      const [base = '', bits] = written.split('/');
      const list = new BlockList();
      list.addSubnet(base, Number(bits), cidr.family === 4 ? 'ipv4' : 'ipv6');
      const same = familyOf(ip) === cidr.family;
      equal(cidrContains(cidr, ip), same && list.check(ip, cidr.family === 4 ? 'ipv4' : 'ipv6'));
    }),
    { numRuns: 1_000 },
  );
});

test('any text is a prefix or is not, and never throws', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (written) => {
      parseCidr(written);
      parseCidr(`203.0.113.0/${written}`);
    }),
  );
});
