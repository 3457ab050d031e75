import assert from 'node:assert/strict';
import { test } from 'node:test';
import { boundedCache, type Entry } from '../../../../../agent/upstream/resolve/cache.ts';
import { name } from '../../../../support/dns-zone.ts';

const ENTRY: Entry = {
  resolution: { kind: 'none', because: 'nxdomain' },
  freshUntil: 1,
  staleUntil: 1,
  usableUntil: 1,
};

test('the name unused for longest goes first; reading is using', () => {
  const cache = boundedCache(2);
  cache.set(name('a.example'), ENTRY);
  cache.set(name('b.example'), ENTRY);
  assert.equal(cache.get(name('a.example')), ENTRY);
  cache.set(name('c.example'), ENTRY);
  assert.deepEqual(
    ['a.example', 'b.example', 'c.example'].map((each) => cache.get(name(each)) === ENTRY),
    [true, false, true],
  );
});

test('a name set again takes no second place', () => {
  const cache = boundedCache(2);
  for (let times = 0; times < 3; times++) cache.set(name('a.example'), ENTRY);
  cache.set(name('b.example'), ENTRY);
  assert.equal(cache.get(name('a.example')), ENTRY);
});
