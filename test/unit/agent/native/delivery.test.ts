import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FlowHandler, FlowRef } from '../../../../agent/model/mover.ts';
import { Delivery } from '../../../../agent/native/delivery.ts';
import { MessageRing } from '../../../../agent/native/message-ring.ts';
import {
  ACCEPTED,
  ASKED,
  CLOSED,
  DIALED,
  HEADER,
  HELD,
  LEASED_END,
  LOST,
  MESSAGE,
} from '../../../../agent/native/records.ts';
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
  producer.post(MESSAGE.held, HELD.bytes, { slot: 3, generation: 1 });
  producer.post(MESSAGE.closed, CLOSED.bytes, { slot: 3, generation: 1 });
  producer.post(MESSAGE.gate, HELD.bytes, { slot: 3, generation: 1 });
  postAccepted(producer, 3, 2);
  producer.post(MESSAGE.gate, HELD.bytes, { slot: 3, generation: 1 });
  producer.post(MESSAGE.observed, HEADER.bytes, { slot: 3, generation: 2 });
  delivery.deliverTurn();
  assert.deepEqual(log, ['3/1 accepted', '3/1 held', '3/1 closed', '3/2 accepted', '3/2 observed']);
  delivery.deliverTurn();
  assert.equal(log.length, 5);
  assert.equal(delivery.stopped, false);
});

test('what became of a replaced upstream is nobody’s concern, and each end begins an era', () => {
  const producer = new MessageProducer();
  const log: string[] = [];
  const delivery = new Delivery(0, new MessageRing(producer.memory, 0), logging(log), () => assert.fail());
  const flow = { thread: 0, slot: 3, generation: 1 };
  const postDialed = (era: number, errno: number) => {
    const at = producer.post(MESSAGE.dialed, DIALED.bytes, { slot: 3, generation: 1, value: errno });
    producer.view.setUint32(at + DIALED.era, era, true);
  };
  const postLost = (era: number) => {
    producer.post(MESSAGE.lost, LOST.bytes, { slot: 3, generation: 1, value: era });
  };
  const told = () => {
    delivery.deliverTurn();
    return [...log.splice(0), delivery.era(flow)];
  };
  postAccepted(producer, 3, 1);
  assert.deepEqual(told(), ['3/1 accepted', 1]);
  assert.deepEqual([delivery.nextEra(flow), delivery.nextEra(flow)], [2, 3]);
  postDialed(2, 111);
  postLost(2);
  assert.deepEqual(told(), [3], 'the first dial was replaced by the second');
  postDialed(3, 111);
  assert.deepEqual(told(), ['3/1 dialed', 4]);
  assert.equal(delivery.nextEra(flow), 5);
  for (const value of [3, 5]) {
    for (const side of [0, 1]) producer.post(MESSAGE.held, HELD.bytes, { slot: 3, generation: 1, value, side });
    producer.post(MESSAGE.gate, HELD.bytes, { slot: 3, generation: 1, value });
  }
  postLost(5);
  assert.deepEqual(
    told(),
    ['3/1 held', '3/1 held', '3/1 held', '3/1 gate', '3/1 lost', 6],
    'what the client sent stays',
  );
  postLost(5);
  assert.deepEqual(told(), [6]);
  assert.equal(delivery.era({ ...flow, generation: 2 }), 0);
});

test('a gate of an earlier forward is not taken for that of the last', () => {
  const producer = new MessageProducer();
  const log: string[] = [];
  const delivery = new Delivery(0, new MessageRing(producer.memory, 0), logging(log), () => assert.fail());
  const flow = { thread: 0, slot: 3, generation: 1 };
  const postGate = (turn: number) => {
    const at = producer.post(MESSAGE.gate, HELD.bytes, { slot: 3, generation: 1 });
    producer.view.setUint32(at + HELD.turn, turn, true);
    delivery.deliverTurn();
  };
  postAccepted(producer, 3, 1);
  delivery.deliverTurn();
  assert.deepEqual([delivery.nextTurn(flow, 'client'), delivery.nextTurn(flow, 'client')], [1, 2]);
  assert.equal(delivery.nextTurn(flow, 'upstream'), 1, 'each side has its own');
  postGate(1);
  assert.deepEqual(log, ['3/1 accepted']);
  postGate(2);
  assert.deepEqual(log, ['3/1 accepted', '3/1 gate']);
});

test('a lease lasts until its owner is told that it is over, or the upstream lost', () => {
  const producer = new MessageProducer();
  const log: string[] = [];
  const delivery = new Delivery(0, new MessageRing(producer.memory, 0), logging(log), () => assert.fail());
  const flow = { thread: 0, slot: 3, generation: 1 };
  postAccepted(producer, 3, 1);
  const ends = [
    () => producer.post(MESSAGE.asked, ASKED.bytes, { slot: 3, generation: 1 }),
    () => producer.post(MESSAGE.lost, LOST.bytes, { slot: 3, generation: 1, value: delivery.era(flow) }),
  ];
  for (const end of ends) {
    delivery.deliverTurn();
    assert.equal(delivery.isLeased(flow), false);
    delivery.leases(flow);
    producer.post(MESSAGE.leasedEnd, LEASED_END.bytes, { slot: 3, generation: 1 });
    delivery.deliverTurn();
    assert.equal(delivery.isLeased(flow), true);
    end();
  }
  delivery.deliverTurn();
  assert.equal(delivery.isLeased(flow), false);
  assert.deepEqual(log, ['3/1 accepted', '3/1 leased', '3/1 asked', '3/1 leased', '3/1 lost']);
});

test('the last message of a thread tells that it has stopped', () => {
  const producer = new MessageProducer();
  const delivery = new Delivery(0, new MessageRing(producer.memory, 0), logging([]), () => assert.fail());
  producer.post(MESSAGE.stopped, HEADER.bytes, {});
  delivery.deliverTurn();
  assert.equal(delivery.stopped, true);
});
