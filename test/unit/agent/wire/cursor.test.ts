import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { Cursor } from '../../../../agent/wire/cursor.ts';

test('reads big-endian, in order, to the end', () => {
  const cursor = new Cursor(Uint8Array.of(1, 2, 3, 1, 9, 0, 2, 8, 7));
  assert.equal(cursor.u8(), 1);
  assert.equal(cursor.u16(), 0x0203);
  assert.deepEqual([...cursor.vector8()], [9]);
  assert.equal(cursor.ended, false);
  assert.deepEqual([...cursor.vector16()], [8, 7]);
  assert.deepEqual([cursor.ended, cursor.overrun], [true, false]);
});

test('an overrun is kept for good, though shorter reads would still fit', () => {
  const cursor = new Cursor(Uint8Array.of(5, 1));
  assert.deepEqual([...cursor.vector8()], []);
  assert.equal(cursor.overrun, true);
  assert.equal(cursor.u8(), 0);
  assert.equal(cursor.u16(), 0);
  assert.equal(cursor.ended, true);
});

test('never throws, never reads outside', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), fc.array(fc.nat(300), { maxLength: 20 }), (bytes, sizes) => {
      const cursor = new Cursor(bytes);
      let taken = 0;
      for (const size of sizes) taken += cursor.take(size).length;
      assert.ok(taken <= bytes.length);
      assert.equal(
        cursor.overrun,
        sizes.some((_, at) => sizes.slice(0, at + 1).reduce((a, b) => a + b, 0) > bytes.length),
      );
    }),
  );
});
