import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { ipFromBytes } from '../../../../agent/model/address.ts';
import { cidrContains, parseCidr } from '../../../../agent/model/cidr.ts';
import { cidrText } from '../../../../init/rules/sets.ts';
import { planOf } from './plans.ts';

test('the port set is full, and the only one without options', async () => {
  const { sets } = await planOf();
  assert.deepEqual(sets, [{ name: 'weir-ports', create: 'bitmap:port range 0-65535', members: ['0-65535'] }]);
});

test('each list has a set for each family that it names, without doubles', async () => {
  const { sets } = await planOf(
    '--cluster-cidr',
    '198.18.0.0/15,198.19.0.1/15,fd00::/8',
    '--exclude-cidrs',
    '203.0.113.7,::ffff:203.0.113.7',
    '--include-cidrs',
    '2001:db8::1',
  );
  assert.deepEqual(
    sets.slice(1).map(({ name, create, members }) => [name, create, ...members]),
    [
      ['weir-exclude4', 'hash:net family inet', '203.0.113.7'],
      ['weir-cluster4', 'hash:net family inet', '198.18.0.0/15'],
      ['weir-include6', 'hash:net family inet6', '2001:db8::1'],
      ['weir-cluster6', 'hash:net family inet6', 'fd00::/8'],
    ],
  );
});

test('a range of everything is two halves, as hash:net takes no length 0', async () => {
  const { sets } = await planOf('--exclude-cidrs', '0.0.0.0/0,::/0');
  assert.deepEqual(
    sets.slice(1).map(({ members }) => members),
    [
      ['0.0.0.0/1', '128.0.0.0/1'],
      ['8000::/1', '::/1'],
    ],
  );
});

test('no address is won or lost on the way into a set', async () => {
  const address = fc.oneof(
    fc.uint8Array({ minLength: 4, maxLength: 4 }),
    fc.uint8Array({ minLength: 16, maxLength: 16 }),
  );
  const range = fc.tuple(address, fc.nat(128)).map(([bytes, bits]) => {
    const ip = ipFromBytes(bytes);
    return `${ip}/${ip.includes(':') ? bits : bits % 33}`;
  });
  await fc.assert(
    fc.asyncProperty(fc.array(range, { minLength: 1, maxLength: 5 }), address, async (ranges, bytes) => {
      const ip = ipFromBytes(bytes);
      const asked = ranges.some((text) => contains(text, ip));
      const { sets } = await planOf('--exclude-cidrs', ranges.join(','));
      const held = sets.slice(1).flatMap(({ members }) => members);
      assert.equal(
        held.some((text) => contains(text, ip)),
        asked,
      );
      for (const text of held) assert.equal(cidrText(parsed(text)), text);
    }),
    { numRuns: 60 },
  );
});

function contains(range: string, ip: ReturnType<typeof ipFromBytes>): boolean {
  return cidrContains(parsed(range), ip);
}

function parsed(range: string) {
  const cidr = parseCidr(range);
  assert.ok(cidr, range);
  return cidr;
}
