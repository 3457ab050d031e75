/** A client that asks ahead and reads late: its answers wait in the agent, and what comes next waits behind them. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { noFlowLeft, type Talk, talk, tellingAnew } from '../support/clients/captured-pod.ts';
import { echo, fits, gateWorld, ONE, request } from '../support/clients/gate-world.ts';
import { answerPattern, type Pattern, refusalPattern } from '../support/corpus/patterns.ts';
import type { Captured } from '../support/lab/captured.ts';
import { pattern } from '../support/origins/raw-http.ts';

/** More than all buffers of a client that reads nothing hold, in answers that are small and differ in length. */
const COUNT = 400;
const LEAST_BYTES = 6_000;
const sizes = Array.from({ length: COUNT }, (_, at) => LEAST_BYTES + at);

for (const lease of ['on', 'off'] as const) {
  describe(`--lease ${lease}`, () => {
    let world: Captured;
    before(async () => {
      world = await gateWorld(lease);
    });
    after(() => world.lab.close());
    const wire = (says: string, body: () => Promise<void>): void =>
      void test(
        says,
        tellingAnew(() => world, body),
      );

    for (const { says, last, ends, status } of [
      {
        says: 'another of the same',
        last: request('GET', 'one.test', '/echo/last', 'Connection: close'),
        ends: echo('/echo/last'),
        status: 200,
      },
      {
        says: 'one that leads to another upstream',
        last: request('GET', 'two.test', '/echo/last', 'Connection: close'),
        ends: echo('/echo/last'),
        status: 200,
      },
      {
        says: 'one that is refused',
        last: request('GET', 'other.test', '/echo/last'),
        ends: refusalPattern(502, 'not-listed'),
        status: 502,
      },
      {
        says: 'one that its upstream answers with a reset',
        last: request('GET', 'one.test', '/reset'),
        ends: refusalPattern(503, 'upstream-reset'),
        status: 503,
      },
    ]) {
      // Under a lease the mover passes plain requests on by itself; with this field each is asked about.
      for (const fields of lease === 'on' ? [[], ['TE: trailers']] : [[]]) {
        wire(
          `${COUNT} answers, then that of ${says} (${fields.join() || 'plain'}): all whole and in order`,
          async () => {
            const steps: Talk['steps'] = [
              { reads: false },
              { send: sizes.map((size) => request('GET', 'one.test', `/bytes/${size}`, ...fields)).join('') + last },
              { waitMs: 500 },
              { reads: true },
              { until: 'end' },
            ];
            const told = await talk(world.lab, { host: ONE[0], port: 80, steps, limitMs: 20_000 });
            fits(told, [...sizes.flatMap(bytesAnswer), ...ends]);
            const lines = await told.lines(COUNT + 1);
            assert.deepEqual(
              lines.map(({ response_code: code, bytes_sent: bytes }) => [code, bytes]),
              [...sizes.map((size) => [200, size]), [status, lines.at(-1)?.['bytes_sent']]],
            );
          },
        );
      }
    }

    test('no flow is left', () => noFlowLeft(world.lab));
  });
}

function bytesAnswer(size: number): Pattern {
  const body = Buffer.concat([...pattern(size)]).toString('latin1');
  return answerPattern(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n${body}`);
}
