import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MessageRing } from '../../../../agent/native/message-ring.ts';
import {
  ASKED,
  CLOSED,
  DIALED,
  FLAG,
  HELD,
  LEASED_ANSWER,
  LEASED_END,
  LEASED_REQUEST,
  LOST,
  MESSAGE,
} from '../../../../agent/native/records.ts';
import { MessageProducer } from '../../../support/message-producer.ts';

test('fillers are skipped and the place is given back on release only', () => {
  const producer = new MessageProducer();
  const ring = new MessageRing(producer.memory, 0);
  producer.post(MESSAGE.filler, 64, {});
  const at = producer.post(MESSAGE.held, HELD.bytes + 8, { side: 1, flags: FLAG.ended | FLAG.full, payload: 2 });
  producer.view.setUint16(at + HELD.bytes, 0x6869, false);
  assert.equal(ring.next(ring.head), true);
  const held = ring.held();
  assert.equal(Buffer.from(held.bytes).toString(), 'hi');
  assert.deepEqual([held.side, held.ended, held.deadline, held.full], ['upstream', true, false, true]);
  assert.equal(producer.tail, 0);
  assert.equal(ring.next(ring.head), false);
  ring.release();
  assert.equal(producer.tail, 112);
  assert.equal(ring.empty, true);
});

test('a failed dial has the name of its error and no address', () => {
  const producer = new MessageProducer();
  const ring = new MessageRing(producer.memory, 0);
  producer.post(MESSAGE.dialed, DIALED.bytes, { value: 111 });
  assert.equal(ring.next(ring.head), true);
  assert.deepEqual(ring.dialed(), { error: 'ECONNREFUSED', local: undefined, at: 0 });
});

test('lost has the bytes that the client’s side had sent', () => {
  const producer = new MessageProducer();
  const ring = new MessageRing(producer.memory, 0);
  const at = producer.post(MESSAGE.lost, LOST.bytes, { value: 7, flags: FLAG.reset });
  producer.view.setFloat64(at + LOST.passed, 12, true);
  assert.equal(ring.next(ring.head), true);
  assert.deepEqual([ring.lost(), ring.era], [{ reset: true, passed: 12 }, 7]);
});

test('what happened under a lease has heads and times, and a lease that is over its moment', () => {
  const producer = new MessageProducer();
  const ring = new MessageRing(producer.memory, 0);
  const request = producer.post(MESSAGE.leasedRequest, LEASED_REQUEST.bytes + 8, { payload: 3 });
  producer.view.setFloat64(request + LEASED_REQUEST.at, 1, true);
  producer.view.setFloat64(request + LEASED_REQUEST.passed, 5, true);
  producer.view.setFloat64(request + LEASED_REQUEST.bodyBytes, 6, true);
  producer.view.setUint32(request + LEASED_REQUEST.bytes, 0x47455400, false);
  const answer = producer.post(MESSAGE.leasedAnswer, LEASED_ANSWER.bytes, { value: 404 });
  producer.view.setFloat64(answer + LEASED_ANSWER.bodyBytes, 7, true);
  producer.view.setFloat64(answer + LEASED_ANSWER.bodyAt, 8, true);
  producer.view.setFloat64(answer + LEASED_ANSWER.atSent, 2, true);
  producer.view.setFloat64(answer + LEASED_ANSWER.atFirstByte, 3, true);
  const end = producer.post(MESSAGE.leasedEnd, LEASED_END.bytes, {});
  producer.view.setFloat64(end + LEASED_END.at, 4, true);
  producer.view.setFloat64(end + LEASED_END.bodyBytes, 9, true);
  producer.post(MESSAGE.asked, ASKED.bytes, {});
  producer.post(MESSAGE.asked, ASKED.bytes, { flags: FLAG.inAnswer | FLAG.requestSent });
  for (const flags of [FLAG.inBody, FLAG.inBody | FLAG.behindData]) {
    const body = producer.post(MESSAGE.asked, ASKED.bytes, { flags });
    producer.view.setFloat64(body + ASKED.bodyBytes, 2 ** 40, true);
  }
  const told = [0, 1, 2].map(() => (assert.ok(ring.next(ring.head)), ring.leased()));
  assert.deepEqual(told, [
    { kind: 'request', head: new Uint8Array(Buffer.from('GET')), bodyBytes: 6, passed: 5, at: 1 },
    { kind: 'answer', status: 404, bodyBytes: 7, bodyAt: 8, atSent: 2, atFirstByte: 3, atEnd: 0 },
    { kind: 'end', bodyBytes: 9, at: 4 },
  ]);
  const asked = [0, 1, 2, 3].map(() => (assert.ok(ring.next(ring.head)), ring.asked()));
  assert.deepEqual(asked, [
    { phase: 'request', requestSent: false },
    { phase: 'answer', requestSent: true },
    { phase: 'body', at: 'size', bodyBytes: 2 ** 40 },
    { phase: 'body', at: 'data-end', bodyBytes: 2 ** 40 },
  ]);
});

test('closed has cause and ends by name', () => {
  const producer = new MessageProducer();
  const ring = new MessageRing(producer.memory, 0);
  const at = producer.post(MESSAGE.closed, CLOSED.bytes, { value: 3 | (2 << 8) | (4 << 16) });
  producer.view.setFloat64(at + CLOSED.toClient, 2 ** 40, true);
  assert.equal(ring.next(ring.head), true);
  const closed = ring.closed();
  assert.deepEqual([closed.cause, closed.client, closed.upstream], ['reset', 'reset', 'closed-by-us']);
  assert.equal(closed.toClient, 2 ** 40);
});

test('a number that C never sends is a broken promise', () => {
  const producer = new MessageProducer();
  const ring = new MessageRing(producer.memory, 0);
  producer.post(MESSAGE.closed, CLOSED.bytes, { value: 99 });
  assert.equal(ring.next(ring.head), true);
  assert.throws(() => ring.closed(), TypeError);
});
