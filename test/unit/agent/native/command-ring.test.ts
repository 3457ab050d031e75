import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { CommandRing } from '../../../../agent/native/command-ring.ts';
import { COMMAND, HEADER, LAYOUT, WORD } from '../../../../agent/native/records.ts';

const THREAD_BYTES = LAYOUT.controlWords * 4 + LAYOUT.messageBytes + LAYOUT.commandBytes;

/** The consumer as ring.c has it: takes up to `most` records, gives their values and payload sizes. */
class Consumer {
  readonly memory = new ArrayBuffer(THREAD_BYTES);
  readonly control = new Int32Array(this.memory, 0, LAYOUT.controlWords);
  readonly #view = new DataView(this.memory, LAYOUT.controlWords * 4 + LAYOUT.messageBytes, LAYOUT.commandBytes);

  take(most: number): { value: number; payload: number[] }[] {
    const taken: { value: number; payload: number[] }[] = [];
    let tail = this.#word(WORD.commandsTail);
    while (taken.length < most && tail !== this.#word(WORD.commandsHead)) {
      const at = tail & (LAYOUT.commandBytes - 1);
      tail = (tail + this.#view.getUint32(at, true)) | 0;
      this.control[WORD.commandsTail] = tail;
      if (this.#view.getUint8(at + HEADER.kind) === COMMAND.filler) continue;
      const size = this.#view.getUint32(at + HEADER.payload, true);
      const payload = Array.from({ length: size }, (_, n) => this.#view.getUint8(at + HEADER.bytes + n));
      taken.push({ value: this.#view.getInt32(at + HEADER.value, true), payload });
    }
    return taken;
  }

  #word(word: number): number {
    return this.control[word] ?? 0;
  }
}

function send(ring: CommandRing, value: number, payload: Uint8Array): void {
  ring.begin(COMMAND.respond, 0, 0, 0, 0, value, HEADER.bytes, payload);
}

test('nothing is visible before flush', () => {
  const consumer = new Consumer();
  const ring = new CommandRing(consumer.memory, 0);
  send(ring, 1, new Uint8Array(3));
  assert.deepEqual(consumer.take(9), []);
  assert.equal(ring.flush(), false);
  assert.deepEqual(consumer.take(9), [{ value: 1, payload: [0, 0, 0] }]);
});

test('flush tells to kick a sleeping thread, once', () => {
  const consumer = new Consumer();
  const ring = new CommandRing(consumer.memory, 0);
  consumer.control[WORD.threadSleeps] = 1;
  send(ring, 1, new Uint8Array(0));
  assert.equal(ring.flush(), true);
  assert.equal(ring.flush(), false);
});

test('what does not fit waits and keeps its place', () => {
  const consumer = new Consumer();
  const ring = new CommandRing(consumer.memory, 0);
  const count = 3 * Math.ceil(LAYOUT.commandBytes / LAYOUT.maxPayload);
  for (let value = 0; value < count; value++) send(ring, value, new Uint8Array(LAYOUT.maxPayload).fill(value));
  ring.flush();
  assert.equal(ring.waiting, true);
  const seen: number[] = [];
  while (seen.length < count) {
    for (const { value, payload } of consumer.take(2)) {
      assert.ok(payload.every((byte) => byte === value));
      seen.push(value);
    }
    ring.flush();
  }
  assert.deepEqual(seen, [...Array(count).keys()]);
  assert.equal(ring.waiting, false);
});

test('any mix of sizes, flushes and reads arrives complete and in order', () => {
  const action = fc.oneof(
    fc.record({ send: fc.nat({ max: LAYOUT.maxPayload }) }),
    fc.record({ take: fc.nat({ max: 6 }) }),
    fc.constant('flush' as const),
  );
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
      const consumer = new Consumer();
      const ring = new CommandRing(consumer.memory, 0);
      const sent: number[] = [];
      const taken: number[] = [];
      const take = (most: number) => {
        for (const { value, payload } of consumer.take(most)) taken.push(value, payload.length);
      };
      for (const step of actions) {
        if (step === 'flush') ring.flush();
        else if ('take' in step) take(step.take);
        else {
          send(ring, sent.length, new Uint8Array(step.send));
          sent.push(sent.length, step.send);
        }
      }
      for (let rounds = 0; taken.length < sent.length && rounds < 100; rounds++) {
        ring.flush();
        take(100);
      }
      assert.deepEqual(taken, sent);
    }),
    { numRuns: 40 },
  );
});
