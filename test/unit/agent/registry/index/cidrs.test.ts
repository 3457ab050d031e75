import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { ipFromBytes } from '../../../../../agent/model/address.ts';
import { cidrContains } from '../../../../../agent/model/cidr.ts';
import { addCidr, cidrIndex, findCidr } from '../../../../../agent/registry/index/cidrs.ts';
import { cidr, ip } from '../builders.ts';

function indexOf(prefixes: readonly string[]) {
  const index = cidrIndex<string>();
  for (const prefix of prefixes) addCidr(index, cidr(prefix), prefix);
  return index;
}

function offered(prefixes: readonly string[], address: string): readonly string[] {
  const groups: string[] = [];
  findCidr(indexOf(prefixes), ip(address), (values) => {
    groups.push(values.join('+'));
    return undefined;
  });
  return groups;
}

test('the longest prefix first, whatever the order in which they came', () => {
  const prefixes = ['203.0.113.0/24', '0.0.0.0/0', '203.0.113.7/32', '198.18.0.0/15', '203.0.0.0/16'];
  deepEqual(offered(prefixes, '203.0.113.7'), ['203.0.113.7/32', '203.0.113.0/24', '203.0.0.0/16', '0.0.0.0/0']);
  deepEqual(offered(prefixes, '198.19.255.255'), ['198.18.0.0/15', '0.0.0.0/0']);
  deepEqual(offered(prefixes.toReversed(), '203.0.114.1'), ['203.0.0.0/16', '0.0.0.0/0']);
});

test('the families do not meet', () => {
  deepEqual(offered(['0.0.0.0/0'], '2001:db8::1'), []);
  deepEqual(offered(['::/0'], '203.0.113.1'), []);
  deepEqual(offered(['::/0', '2001:db8::/33'], '2001:db8:7fff::1'), ['2001:db8::/33', '::/0']);
  deepEqual(offered(['2001:db8::/33'], '2001:db8:8000::1'), []);
});

test('values of one prefix come together', () => {
  const index = cidrIndex<string>();
  addCidr(index, cidr('203.0.113.0/24'), 'first');
  addCidr(index, cidr('203.0.113.99/24'), 'second');
  equal(
    findCidr(index, ip('203.0.113.1'), (values) => values.join('+')),
    'first+second',
  );
});

test('it finds what looking at each prefix finds', () => {
  const bytes = fc.oneof(
    fc.uint8Array({ minLength: 4, maxLength: 4, max: 3 }),
    fc.uint8Array({ minLength: 16, maxLength: 16, max: 1 }),
  );
  const address = bytes.map((each) => String(ipFromBytes(each)));
  const prefix = fc
    .tuple(address, fc.nat(128))
    .map(([text, bits]) => `${text}/${text.includes(':') ? bits : bits % 33}`);
  fc.assert(
    fc.property(fc.array(prefix, { maxLength: 20 }), address, (prefixes, asked) => {
      const found = offered(prefixes, asked).flatMap((group) => group.split('+'));
      const matching = prefixes.filter((each) => cidrContains(cidr(each), ip(asked)));
      deepEqual(found.toSorted(), matching.toSorted());
      const bits = found.map((each) => Number(each.split('/')[1]));
      deepEqual(
        bits,
        bits.toSorted((a, b) => b - a),
      );
    }),
  );
});

test('a look-up costs one probe for each length in use, whatever the number of prefixes', () => {
  const index = cidrIndex<number>();
  for (let at = 0; at < 100_000; at++) addCidr(index, cidr(`203.${at >> 16}.${(at >> 8) & 255}.${at & 255}/32`), at);
  addCidr(index, cidr('203.0.0.0/8'), -1);
  equal(index[4].length, 2);
  equal(
    findCidr(index, ip('203.1.134.159'), ([value]) => value),
    99_999,
  );
});
