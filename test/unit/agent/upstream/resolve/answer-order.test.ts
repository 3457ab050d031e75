import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { familyOf, ipFromBytes } from '../../../../../agent/model/address.ts';
import { interleaved } from '../../../../../agent/upstream/resolve/answer-order.ts';

const v4 = fc.uint8Array({ minLength: 4, maxLength: 4 });
const v6 = fc.uint8Array({ minLength: 16, maxLength: 16 });
const ips = fc.array(
  fc.oneof(v4, v6).map((bytes) => ipFromBytes(bytes)),
  { maxLength: 20 },
);

test('every address once, each family in its order, IPv6 first, in turn while both last', () => {
  fc.assert(
    fc.property(ips, (given) => {
      const ordered = interleaved([...given, ...given]);
      for (const family of [4, 6] as const) {
        const of = (all: readonly (typeof given)[number][]) => all.filter((ip) => familyOf(ip) === family);
        assert.deepEqual(of(ordered), [...new Set(of(given))]);
      }
      const families = ordered.map((ip) => familyOf(ip));
      const pairs = 2 * Math.min(...[4, 6].map((family) => families.filter((each) => each === family).length));
      assert.deepEqual(
        families.slice(0, pairs),
        Array.from({ length: pairs }, (_, at) => (at % 2 === 0 ? 6 : 4)),
      );
    }),
  );
});
