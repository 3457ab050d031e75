/** Many requests on one connection through the running agent: each is judged, answered and logged for itself. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { noFlowLeft, type Talk, type Talked, talk, tellingAnew } from '../support/clients/captured-pod.ts';
import { answer, asked, bodyBytes, echo, fits, gateWorld, ONE, request } from '../support/clients/gate-world.ts';
import { answerPattern, misfit, refusalPattern } from '../support/corpus/patterns.ts';
import type { AccessLine } from '../support/lab/agent.ts';
import type { Captured } from '../support/lab/captured.ts';

const OTHER = 'other.test';
const NOT_LISTED = refusalPattern(502, 'not-listed');

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
    const converse = (steps: Talk['steps'], host: string = ONE[0]): Promise<Talked> =>
      talk(world.lab, { host, port: 80, steps });

    for (const host of ONE) {
      wire(`two hosts on one kept connection, then a third that is refused (${host})`, async () => {
        const told = await converse(
          [
            { send: request('GET', 'one.test', '/length') },
            { expect: 'length$' },
            { send: request('GET', 'two.test', '/chunked') },
            { expect: '0\r\nX-Sum: 1\r\n\r\n$' },
            { send: request('GET', 'one.test', '/echo/again') },
            { expect: '/echo/again$' },
            { send: request('GET', OTHER, '/x') },
            { until: 'end' },
          ],
          host,
        );
        fits(told, [...answer('/length'), ...answer('/chunked'), ...echo('/echo/again'), ...NOT_LISTED]);
        assert.deepEqual(asked(world, 'one'), [['GET one.test /length'], ['GET one.test /echo/again']]);
        assert.deepEqual(asked(world, 'two'), [['GET two.test /chunked']]);
        assert.deepEqual(world.lab.origin(OTHER), []);
        assert.deepEqual((await told.lines(4)).map(facts), [
          'GET one.test /length 200 granted 0 6 one.test',
          `GET two.test /chunked 200 granted 0 ${CHUNKED_BYTES} two.test`,
          'GET one.test /echo/again 200 granted 0 11 one.test',
          `GET other.test /x 502 not-listed 0 ${bodyOf(told)} -`,
        ]);
      });

      wire(`the same, sent in one piece (${host})`, async () => {
        const sent = [
          request('GET', 'one.test', '/length'),
          request('GET', 'two.test', '/chunked'),
          `${request('POST', 'one.test', '/mirror', 'Content-Length: 5')}hello`,
          request('GET', OTHER, '/x'),
          request('GET', 'one.test', '/never'),
        ];
        const told = await converse([{ send: sent.join('') }, { until: 'end' }], host);
        const mirrored = answerPattern('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello');
        fits(told, [...answer('/length'), ...answer('/chunked'), ...mirrored, ...NOT_LISTED]);
        assert.deepEqual(asked(world, 'one').flat(), ['GET one.test /length', 'POST one.test /mirror']);
        assert.deepEqual(asked(world, 'two').flat(), ['GET two.test /chunked']);
        assert.deepEqual((await told.lines(4)).map(facts), [
          'GET one.test /length 200 granted 0 6 one.test',
          `GET two.test /chunked 200 granted 0 ${CHUNKED_BYTES} two.test`,
          'POST one.test /mirror 200 granted 5 5 one.test',
          `GET other.test /x 502 not-listed 0 ${bodyOf(told)} -`,
        ]);
      });
    }

    wire('16 requests in one piece are answered in their order', async () => {
      const paths = Array.from({ length: 16 }, (_, at) => `/echo/${at}`);
      const sent = paths.map((path) => request('GET', 'one.test', path)).join('');
      const told = await converse([{ send: sent }, { expect: '/echo/15$' }, { half: 'close' }, { until: 'end' }]);
      fits(told, paths.flatMap(echo));
      assert.deepEqual(asked(world, 'one'), [paths.map((path) => `GET one.test ${path}`)]);
      const lines = await told.lines(16);
      assert.deepEqual(
        lines.map((line) => line['path']),
        paths,
      );
    });

    wire('and in segments of seven bytes', async () => {
      const paths = Array.from({ length: 16 }, (_, at) => `/echo/${at}`);
      const sent = paths.map((path) => request('GET', 'one.test', path)).join('');
      const told = await converse([
        { send: sent, pieces: 7 },
        { expect: '/echo/15$' },
        { half: 'close' },
        { until: 'end' },
      ]);
      fits(told, paths.flatMap(echo));
    });

    wire('a refusal waits for a long answer that is still owed', async () => {
      const sent = request('GET', 'one.test', '/bytes/5000000') + request('GET', OTHER, '/x');
      const told = await converse([{ send: sent }, { until: 'end' }]);
      assert.equal(told.end, 'fin');
      const refusal = told.received.indexOf('HTTP/1.1 502');
      const head = told.received.indexOf('\r\n\r\n') + 4;
      assert.equal(refusal - head, 5_000_000);
      assert.equal(misfit(told.received.slice(refusal), NOT_LISTED), undefined);
    });

    wire('a bad request behind answers that are owed: they come, then 400', async () => {
      const sent =
        request('GET', 'one.test', '/length') + request('GET', 'two.test', '/length') + 'GET / HTTP/1.1\r\n\r\n';
      const told = await converse([{ send: sent }, { until: 'end' }]);
      fits(told, [...answer('/length'), ...answer('/length'), ...refusalPattern(400, 'bad-request')]);
    });

    wire('no flow is left', () => noFlowLeft(world.lab));
  });
}

const CHUNKED_BYTES = bodyBytes('/chunked');

function facts(line: AccessLine): string {
  const cluster = String(line['upstream_cluster']).split('|').at(-1);
  const to = cluster === 'BlackHoleCluster' ? '-' : cluster;
  const [bytesReceived, bytesSent] = [line['bytes_received'], line['bytes_sent']];
  return [
    line['method'],
    line['authority'],
    line['path'],
    line['response_code'],
    line['reason'],
    bytesReceived,
    bytesSent,
    to,
  ].join(' ');
}

/** Of the refusal at the end. */
function bodyOf({ received }: Talked): number {
  return received.length - (received.lastIndexOf('\r\n\r\n') + 4);
}
