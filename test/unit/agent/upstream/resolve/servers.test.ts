import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serverOrder } from '../../../../../agent/upstream/resolve/servers.ts';
import { endpoint } from '../../../../support/access-record.ts';

const [A, B, C] = [endpoint('203.0.113.1', 53), endpoint('203.0.113.2', 53), endpoint('203.0.113.3', 53)];

test('the configured order, silent ones last until they answer or time has passed', () => {
  let now = 0;
  const order = serverOrder([A, B, C], () => now);
  assert.deepEqual(order.current(), [A, B, C]);
  order.silent(A);
  order.silent(B);
  assert.deepEqual(order.current(), [C, A, B]);
  order.answered(B);
  assert.deepEqual(order.current(), [B, C, A]);
  now = 29_999;
  assert.deepEqual(order.current(), [B, C, A]);
  now = 30_000;
  assert.deepEqual(order.current(), [A, B, C]);
});

test('all silent: all are still asked, in order', () => {
  const order = serverOrder([A, B], () => 0);
  for (const server of [B, A]) order.silent(server);
  assert.deepEqual(order.current(), [A, B]);
});
