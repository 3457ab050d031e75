/** Connections that are kept, to clients and to origins: what ends them, and what does not. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { noFlowLeft, type Talk, type Talked, talk, tellingAnew } from '../support/clients/captured-pod.ts';
import { answer, asked, bodyBytes, echo, fits, gateWorld, ONE, request } from '../support/clients/gate-world.ts';
import { answerPattern, endOf, refusalPattern } from '../support/corpus/patterns.ts';
import type { Captured } from '../support/lab/captured.ts';
import { ANSWERS } from '../support/origins/raw-http.ts';

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

    wire('an upstream that has closed between two requests is dialled again', async () => {
      for (const [method, fields, body] of [
        ['GET', [], ''],
        ['POST', ['Content-Length: 2'], 'hi'],
      ] as const) {
        world.lab.forget();
        const told = await converse([
          { send: request('GET', 'one.test', '/ends') },
          { expect: 'ends$' },
          // The origin's end has come when it is on its record; only then is it idle for certain.
          { waitMs: 100 },
          { send: request(method, 'one.test', '/echo/later', ...fields) + body },
          { expect: '/echo/later$' },
          { half: 'close' },
          { until: 'end' },
        ]);
        fits(told, [...answer('/ends'), ...echo('/echo/later')]);
        assert.deepEqual(asked(world, 'one'), [['GET one.test /ends'], [`${method} one.test /echo/later`]]);
      }
    });

    wire('a kept upstream that dies on a GET: it is asked once more, and nobody notices', async () => {
      const told = await converse([
        { send: request('GET', 'one.test', '/length') },
        { expect: 'length$' },
        { send: request('GET', 'one.test', '/fresh/1') },
        { expect: 'length.*length$' },
        { half: 'close' },
        { until: 'end' },
      ]);
      fits(told, [...answer('/length'), ...answer('/length')]);
      assert.deepEqual(asked(world, 'one'), [
        ['GET one.test /length', 'GET one.test /fresh/1'],
        ['GET one.test /fresh/1'],
      ]);
      assert.deepEqual(
        (await told.lines(2)).map((line) => [line['path'], line['response_code'], line['response_flags']]),
        [
          ['/length', 200, '-'],
          ['/fresh/1', 200, '-'],
        ],
      );
    });

    wire('a kept upstream that dies on a POST: 503, and it was asked once', async () => {
      const told = await converse([
        { send: request('GET', 'one.test', '/length') },
        { expect: 'length$' },
        { send: `${request('POST', 'one.test', '/fresh/1', 'Content-Length: 2')}hi` },
        { until: 'end' },
      ]);
      fits(told, [...answer('/length'), ...refusalPattern(503, 'upstream-reset')]);
      assert.deepEqual(asked(world, 'one'), [['GET one.test /length', 'POST one.test /fresh/1']]);
      const [, line] = await told.lines(2);
      assert.deepEqual([line?.['response_code'], line?.['response_flags']], [503, 'UC']);
    });

    wire('one connection for every kind of answer that leaves it open', async () => {
      const paths = ['/length', '/204', '/chunked', '/304', '/hints', '/interim', '/length'];
      const told = await converse([
        ...paths.flatMap((path) => [{ send: request('GET', 'one.test', path) }, { expect: endOf(answer(path)) }]),
        { send: request('HEAD', 'one.test', '/length') },
        { expect: 'X-Case: Kept\r\n\r\n$' },
        { send: request('GET', 'one.test', '/close') },
        { until: 'end' },
      ]);
      const head = answerPattern((ANSWERS['/length'] ?? '').slice(0, -'length'.length));
      fits(told, [...paths.flatMap(answer), ...head, ...answer('/close')]);
      assert.equal(world.lab.origin('one').length, 1, 'one connection to the origin');
      assert.deepEqual(
        (await told.lines(paths.length + 2)).map((line) => [line['response_code'], line['bytes_sent']]),
        [...paths.map((path) => [STATUS[path] ?? 200, bodyBytes(path)]), [200, 0], [200, bodyBytes('/close')]],
      );
    });

    wire('HTTP/1.0: one request and one answer, or as many as keep-alive is agreed on', async () => {
      const old = (path: string, ...fields: string[]): string =>
        [`GET ${path} HTTP/1.0`, 'Host: one.test', ...fields, '', ''].join('\r\n');
      const alone = await converse([{ send: old('/length') + old('/never') }, { until: 'end' }]);
      fits(alone, answer('/length'));
      const declined = await converse([{ send: old('/length', 'Connection: keep-alive') }, { until: 'end' }]);
      fits(declined, answer('/length'));
      assert.deepEqual(asked(world, 'one'), [['GET one.test /length'], ['GET one.test /length']]);
    });

    wire('100-continue: the body leaves once it is asked for, and the connection is kept', async () => {
      const told = await converse([
        { send: request('POST', 'one.test', '/mirror', 'Content-Length: 4', 'Expect: 100-continue') },
        { expect: '^HTTP/1\\.1 100 Continue\r\n\r\n$' },
        { send: 'body' },
        { expect: 'body$' },
        { send: request('GET', 'two.test', '/length') },
        { expect: 'length$' },
        { half: 'close' },
        { until: 'end' },
      ]);
      const mirrored = answerPattern('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody');
      fits(told, [...mirrored, ...answer('/length')]);
    });

    wire('an answer before the end of the body ends the connection behind it', async () => {
      const body = 'x'.repeat(100_000);
      const told = await converse([
        { send: `${request('POST', 'one.test', '/early', 'Content-Length: 1000000')}${body}` },
        { until: 'end' },
      ]);
      fits(told, answerPattern('HTTP/1.1 413 Content Too Large\r\nContent-Length: 5\r\n\r\nlarge'));
      const [line] = await told.lines(1);
      assert.deepEqual([line?.['response_code'], line?.['bytes_sent']], [413, 5]);
      assert.ok(Number(line?.['bytes_received']) <= body.length);
    });

    wire('chunks both ways, with extensions and trailers, in small segments', async () => {
      const body = '5;a=b\r\nhello\r\n6;q="x y"\r\n world\r\n0;last\r\nX-T: 1\r\n\r\n';
      const told = await converse([
        { send: request('POST', 'one.test', '/mirror', 'Transfer-Encoding: chunked') },
        { send: body, pieces: 3 },
        { expect: 'X-T: 1\r\n\r\n$' },
        { send: request('GET', 'one.test', '/chunked') },
        { expect: 'X-Sum: 1\r\n\r\n$' },
        { half: 'close' },
        { until: 'end' },
      ]);
      fits(told, [
        ...answerPattern(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`),
        ...answer('/chunked'),
      ]);
      const [first, second] = await told.lines(2);
      assert.deepEqual([first?.['bytes_received'], first?.['bytes_sent']], [body.length, body.length]);
      assert.deepEqual([second?.['bytes_received'], second?.['bytes_sent']], [0, bodyBytes('/chunked')]);
    });

    wire('no flow is left', () => noFlowLeft(world.lab));
  });
}

const STATUS: Readonly<Record<string, number>> = { '/204': 204, '/304': 304 };
