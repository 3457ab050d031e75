import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FlowHandler, FlowRef } from '../../../../agent/model/mover.ts';
import { Delivery } from '../../../../agent/native/delivery.ts';
import { MessageRing } from '../../../../agent/native/message-ring.ts';
import { ACCEPTED, CLOSED, HEADER, MESSAGE } from '../../../../agent/native/records.ts';
import { MessageProducer } from '../../../support/message-producer.ts';

/** Three endpoints of port 80 and family 4, as an accepted message needs them. */
function postAccepted(producer: MessageProducer, slot: number, generation: number): void {
  const at = producer.post(MESSAGE.accepted, ACCEPTED.bytes, { slot, generation });
  for (const endpoint of [ACCEPTED.peer, ACCEPTED.local, ACCEPTED.original]) {
    producer.view.setUint16(at + endpoint + 16, 80, true);
    producer.view.setUint8(at + endpoint + 18, 4);
  }
}

/** Logs what each flow is told, as `SLOT/GENERATION EVENT`. */
function logging(log: string[]): (flow: FlowRef) => FlowHandler {
  return ({ slot, generation }) => {
    const say = (event: string) => () => void log.push(`${slot}/${generation} ${event}`);
    say('accepted')();
    return {
      held: say('held'),
      gate: say('gate'),
      observed: say('observed'),
      dialed: say('dialed'),
      lost: say('lost'),
      leased: say('leased'),
      asked: say('asked'),
      closed: say('closed'),
    };
  };
}

test('a message finds the owner of its slot and generation, and no other', () => {
  const producer = new MessageProducer();
  const log: string[] = [];
  const delivery = new Delivery(0, new MessageRing(producer.memory, 0), logging(log), () => assert.fail());
  postAccepted(producer, 3, 1);
  producer.post(MESSAGE.held, HEADER.bytes, { slot: 3, generation: 1 });
  producer.post(MESSAGE.closed, CLOSED.bytes, { slot: 3, generation: 1 });
  producer.post(MESSAGE.gate, HEADER.bytes, { slot: 3, generation: 1 });
  postAccepted(producer, 3, 2);
  producer.post(MESSAGE.gate, HEADER.bytes, { slot: 3, generation: 1 });
  producer.post(MESSAGE.observed, HEADER.bytes, { slot: 3, generation: 2 });
  delivery.deliverAll();
  assert.deepEqual(log, ['3/1 accepted', '3/1 held', '3/1 closed', '3/2 accepted', '3/2 observed']);
  delivery.deliverAll();
  assert.equal(log.length, 5);
  assert.equal(delivery.stopped, false);
});

test('the last message of a thread tells that it has stopped', () => {
  const producer = new MessageProducer();
  const delivery = new Delivery(0, new MessageRing(producer.memory, 0), logging([]), () => assert.fail());
  producer.post(MESSAGE.stopped, HEADER.bytes, {});
  delivery.deliverAll();
  assert.equal(delivery.stopped, true);
});
