import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newRequestId } from '../../../../agent/pipeline/request-id.ts';

test('ids are UUIDs of version 4, no two the same', () => {
  const ids = Array.from({ length: 2_000 }, newRequestId);
  assert.equal(new Set(ids).size, ids.length);
  for (const id of ids) assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test('every other bit is random: each digit takes each value, in 2000 ids', () => {
  const ids = Array.from({ length: 2_000 }, newRequestId);
  for (let at = 0; at < 36; at++) {
    const values = new Set(ids.map((id) => id.charAt(at))).size;
    const wanted = [8, 13, 14, 18, 23].includes(at) ? 1 : at === 19 ? 4 : 16;
    assert.equal(values, wanted, `character ${at}`);
  }
});
