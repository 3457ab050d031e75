import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type IpAddress, parseIp } from '../../../../../agent/model/address.ts';
import { entryOf, keptStale } from '../../../../../agent/upstream/resolve/lifetime.ts';
import type { Found } from '../../../../../agent/upstream/resolve/lookup.ts';
import { V4, V6 } from '../../../../support/dns-zone.ts';

const LIFETIMES = { floorMs: 1_000, ceilingMs: 100_000, negativeCeilingMs: 50_000, usableMs: 1_000_000 };
const NOW = 7_000;

const lives: readonly { says: string; found: readonly Found[]; missing?: boolean; fresh: number; stale?: number }[] = [
  {
    says: 'the shorter TTL of both families',
    found: [addresses(V4, 30), addresses(V6, 20)],
    fresh: 20_000,
    stale: 40_000,
  },
  {
    says: 'the floor, and nothing beyond it for a TTL of 0',
    found: [addresses(V4, 0), nothing(9)],
    fresh: 1_000,
    stale: 1_000,
  },
  { says: 'the ceiling', found: [addresses(V4, 9_999), nothing(9)], fresh: 100_000, stale: 130_000 },
  {
    says: 'half an answer: the other family failed',
    found: [addresses(V4, 90), failed()],
    fresh: 30_000,
    stale: 60_000,
  },
  {
    says: 'half an answer: the other family is late',
    found: [addresses(V4, 90)],
    missing: true,
    fresh: 30_000,
    stale: 60_000,
  },
  { says: 'an absence', found: [nothing(20), nothing(10)], fresh: 10_000 },
  { says: 'an absence, cut', found: [nothing(999), nothing(999)], fresh: 50_000 },
  { says: 'an absence without SOA', found: [nothing(undefined), nothing(undefined)], fresh: 1_000 },
  { says: 'a failure', found: [failed(), failed()], fresh: 1_000 },
  { says: 'an absence beside a failure', found: [nothing(20), failed()], fresh: 1_000 },
];

describe('how long an answer lives', () => {
  for (const { says, found, missing = false, fresh, stale = fresh } of lives) {
    test(says, () => {
      const entry = entryOf(found, missing, NOW, LIFETIMES);
      assert.deepEqual([entry.freshUntil - NOW, entry.staleUntil - NOW], [fresh, stale]);
    });
  }
});

describe('why there is none', () => {
  const reasons: readonly { found: readonly Found[]; because: string }[] = [
    { found: [nothing(9), nothing(9, 'nxdomain')], because: 'nxdomain' },
    { found: [failed(), nothing(9, 'nxdomain')], because: 'nxdomain' },
    { found: [nothing(9), failed()], because: 'servfail' },
    { found: [nothing(9), nothing(9)], because: 'no-data' },
  ];
  for (const { found, because } of reasons) {
    test(because, () => {
      assert.deepEqual(entryOf(found, false, NOW, LIFETIMES).resolution, { kind: 'none', because });
    });
  }
});

describe('an old answer stands in', () => {
  const old = entryOf([addresses(V4, 10)], false, NOW, LIFETIMES);
  const failure = entryOf([failed()], false, NOW, LIFETIMES);
  const absence = entryOf([nothing(9, 'nxdomain')], false, NOW, LIFETIMES);

  test('for a failure, a short while, until its own end', () => {
    assert.deepEqual(keptStale(old, failure, NOW + 60_000), { ...old, freshUntil: NOW + 65_000 });
    assert.equal(keptStale(old, failure, old.usableUntil - 1)?.freshUntil, old.usableUntil);
    assert.equal(keptStale(old, failure, old.usableUntil), undefined);
  });

  test('not for an absence, not if it is an absence itself, not if there is none', () => {
    assert.equal(keptStale(old, absence, NOW + 1), undefined);
    assert.equal(keptStale(absence, failure, NOW + 1), undefined);
    assert.equal(keptStale(undefined, failure, NOW + 1), undefined);
  });
});

function addresses(text: string, ttl: number): Found {
  const ips: readonly IpAddress[] = [parseIp(text)].filter((ip) => ip !== undefined);
  return { kind: 'addresses', ips, ttl, cnames: [] };
}

function nothing(ttl: number | undefined, because: 'nxdomain' | 'no-data' = 'no-data'): Found {
  return { kind: 'absent', because, ttl };
}

function failed(): Found {
  return { kind: 'failed', because: 'servfail' };
}
