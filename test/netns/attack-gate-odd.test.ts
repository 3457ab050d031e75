/** Odd but whole requests, and odd ends: each is told as what it was. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { noFlowLeft, type Talk, type Talked, talk, tellingAnew } from '../support/clients/captured-pod.ts';
import { asked, gateWorld, linesOf, ONE, request } from '../support/clients/gate-world.ts';
import type { Captured } from '../support/lab/captured.ts';

let world: Captured;
before(async () => {
  world = await gateWorld();
});
after(() => world.lab.close());

function wire(says: string, steps: Talk['steps'], check: (told: Talked) => void | Promise<void>): void {
  const body = async (): Promise<void> => {
    await check(await talk(world.lab, { host: ONE[0], port: 80, steps }));
  };
  void test(
    says,
    tellingAnew(() => world, body),
  );
}

const length = [{ send: request('GET', 'one.test', '/length') }, { expect: 'length$' }] as const;

const padded = Array.from({ length: 10 }, (_, at) => `X-${at}: ${'a'.repeat(5_000)}`);
wire(
  'a head of 50 kB is sent again like a short one, and nothing but it',
  [
    ...length,
    { send: request('GET', 'one.test', '/fresh/long', ...padded) + request('GET', 'other.test', '/smuggled') },
    { until: 'end' },
  ],
  ({ received }) => {
    assert.match(received, /length.*200 OK.*length.*502 Bad Gateway/s);
    assert.deepEqual(asked(world, 'one'), [
      ['GET one.test /length', 'GET one.test /fresh/long'],
      ['GET one.test /fresh/long'],
    ]);
  },
);

wire(
  'what has begun to be answered, by a hint, is not sent again',
  [...length, { send: request('GET', 'one.test', '/hint') }, { until: 'end' }],
  async (told) => {
    assert.match(told.received, /103 Early Hints.*503 Service Unavailable.*x-weir-reason: upstream-reset/s);
    assert.deepEqual(asked(world, 'one'), [['GET one.test /length', 'GET one.test /hint']]);
    const [, line] = await linesOf(world, told, 2);
    assert.deepEqual(
      [line?.['response_code'], line?.['reason'], line?.['response_flags']],
      [503, 'upstream-reset', 'UC'],
    );
  },
);

wire(
  'a length that is as large as a number can be',
  [{ send: `${request('POST', 'one.test', '/early', 'Content-Length: 9007199254740991')}a` }, { until: 'end' }],
  async (told) => {
    assert.match(told.received, /^HTTP\/1\.1 413 .*large$/s);
    const [line] = await linesOf(world, told, 1);
    assert.deepEqual([line?.['response_code'], line?.['reason']], [413, 'granted']);
  },
);

wire(
  'an answer of unknown length whose origin resets is no whole answer',
  [{ send: request('GET', 'one.test', '/reset-behind-head') }, { until: 'end' }],
  async (told) => {
    assert.equal(told.end, 'ECONNRESET', told.received);
    const [line] = await linesOf(world, told, 1);
    assert.deepEqual([line?.['response_code'], line?.['response_flags']], [200, 'UC']);
  },
);

void test('no flow is left', () => noFlowLeft(world.lab));
