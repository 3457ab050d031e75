import assert from 'node:assert/strict';
import { closeSync, fstatSync, openSync } from 'node:fs';
import { test } from 'node:test';
import type { AdoptedEvent, FlowHandler } from '../../../../agent/model/mover.ts';
import { Adoption } from '../../../../agent/native/adoption.ts';
import { MessageRing } from '../../../../agent/native/message-ring.ts';
import { ADOPTED, FLAG, HEADER, MESSAGE } from '../../../../agent/native/records.ts';
import { MessageProducer } from '../../../support/message-producer.ts';

const CLIENT = 0;
const UPSTREAM = 1;

function postPiece(producer: MessageProducer, side: number, flags: number, text: string): void {
  const at = producer.post(MESSAGE.adoptedBytes, HEADER.bytes + 8, { side, flags, payload: text.length });
  for (const [n, byte] of Buffer.from(text).entries()) producer.view.setUint8(at + HEADER.bytes + n, byte);
}

/** Gives the offset of the record. */
function postAdopted(producer: MessageProducer, client: number, upstream: number, ended: readonly number[]): number {
  const at = producer.post(MESSAGE.adopted, ADOPTED.bytes, {});
  for (const [side, fd] of [client, upstream].entries()) {
    producer.view.setInt32(at + ADOPTED.fd + side * 4, fd, true);
    producer.view.setUint32(at + ADOPTED.ended + side * 4, ended[side] ?? 0, true);
  }
  return at;
}

/** An owner of whom nothing is expected but to adopt. */
function adopting(adopted: (event: AdoptedEvent) => void): FlowHandler {
  const never = (): never => assert.fail();
  const others = { held: never, gate: never, observed: never, dialed: never, lost: never, leased: never };
  return { ...others, asked: never, closed: never, adopted };
}

/** Reads all records as a delivery does. */
function deliver(producer: MessageProducer, owner: FlowHandler | undefined): void {
  const messages = new MessageRing(producer.memory, 0);
  const adoption = new Adoption(messages);
  while (messages.next(messages.head)) {
    if (messages.kind === MESSAGE.adoptedBytes) adoption.addPiece();
    else adoption.finish(owner);
  }
  messages.release();
}

function text(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString();
}

test('pieces are put together by side, and are copies', () => {
  const producer = new MessageProducer();
  const events: AdoptedEvent[] = [];
  postPiece(producer, CLIENT, 0, 'one ');
  postPiece(producer, CLIENT, 0, 'two');
  postPiece(producer, UPSTREAM, FLAG.unsent, 'PROXY');
  postPiece(producer, UPSTREAM, 0, 'answer');
  postAdopted(producer, 1001, 1002, [0, 1]);
  postAdopted(producer, 1003, -1, [1, 0]);
  deliver(
    producer,
    adopting((event) => events.push(event)),
  );
  new Uint8Array(producer.memory).fill(0);
  const [first, second] = events;
  assert.ok(first && second && events.length === 2);
  assert.deepEqual([first.client.fd, text(first.client.bytes), first.client.ended], [1001, 'one two', false]);
  assert.deepEqual([first.upstream?.fd, text(first.upstream?.bytes), first.upstream?.ended], [1002, 'answer', true]);
  assert.deepEqual([text(first.client.unsent), text(first.upstream?.unsent)], ['', 'PROXY']);
  assert.deepEqual([second.client.fd, text(second.client.bytes), second.client.ended], [1003, '', true]);
  assert.equal(second.upstream, undefined);
});

test('a descriptor that was handed over is no longer in the ring', () => {
  const producer = new MessageProducer();
  const at = postAdopted(producer, 1001, 1002, [0, 0]);
  let inRing: number[] = [];
  deliver(
    producer,
    adopting(() => {
      inRing = [0, 4].map((offset) => producer.view.getInt32(at + ADOPTED.fd + offset, true));
    }),
  );
  assert.deepEqual(inRing, [-1, -1]);
});

test('descriptors that nobody takes are closed', () => {
  const { adopted: _, ...without } = adopting(() => assert.fail());
  for (const owner of [undefined, without]) {
    const [one, other] = [openSync('/dev/null', 'r'), openSync('/dev/null', 'r')];
    const producer = new MessageProducer();
    postAdopted(producer, one, other, [0, 0]);
    deliver(producer, owner);
    for (const fd of [one, other]) assert.throws(() => fstatSync(fd), { code: 'EBADF' });
  }
});

test('what was told of a flow that ended instead does not reach another', () => {
  const producer = new MessageProducer();
  const messages = new MessageRing(producer.memory, 0);
  const adoption = new Adoption(messages);
  const fd = openSync('/dev/null', 'r');
  postPiece(producer, CLIENT, 0, 'of another');
  postAdopted(producer, fd, -1, [0, 0]);
  assert.ok(messages.next(messages.head));
  adoption.addPiece();
  adoption.forget();
  assert.ok(messages.next(messages.head));
  adoption.finish(
    adopting(({ client }) => {
      assert.equal(client.bytes.length, 0);
      closeSync(client.fd);
    }),
  );
  assert.throws(() => fstatSync(fd), { code: 'EBADF' });
});
