import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { FlowRef, Lease, LeasedEvent } from '../../agent/model/mover.ts';
import { client, dialTo, origin } from '../support/loopback.ts';
import { LoggedMover, readAll } from '../support/mover-log.ts';
import { until } from '../support/until.ts';

const HEAD = 'GET /x HTTP/1.1\r\nHost: a.test\r\n\r\n';

/** An origin that answers each bodiless request with its target. */
function serve(socket: Socket): void {
  let text = '';
  socket.on('data', (data) => {
    text += data.toString('latin1');
    for (let end = text.indexOf('\r\n\r\n'); end >= 0; end = text.indexOf('\r\n\r\n')) {
      const target = text.split(' ')[1] ?? '';
      text = text.slice(end + 4);
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${target.length}\r\n\r\n${target}`);
    }
  });
}

type Leased = {
  readonly log: LoggedMover;
  readonly flow: FlowRef;
  readonly socket: Socket;
  readonly got: () => string;
};

async function leased(t: TestContext, terms: Partial<Lease>): Promise<Leased> {
  const log = new LoggedMover(t);
  const to = await origin(t, serve);
  log.onAccept = ({ flow }) => log.mover.dial(flow, dialTo(to));
  const socket = client(log.listen().port);
  let received = '';
  socket.on('data', (data) => (received += data.toString('latin1')));
  socket.on('error', () => undefined);
  t.after(() => socket.destroy());
  const { flow } = await log.until(({ dialed }) => dialed.length === 1);
  const lease = { host: 'a.test', method: undefined, target: undefined, timeHeader: undefined, validMs: 60_000 };
  log.mover.lease(flow, { ...lease, epoch: log.mover.epoch(), ...terms });
  return { log, flow, socket, got: () => received };
}

test('requests within the terms pass by themselves, and are told with heads and times', async (t) => {
  const { log, socket, got } = await leased(t, { timeHeader: 'x-envoy-upstream-service-time' });
  const answers = [];
  for (const target of ['/1', '/22', '/333']) {
    socket.write(`GET ${target} HTTP/1.1\r\nHost: a.test\r\n\r\n`);
    answers.push(target);
    await until(() => got().endsWith(target));
  }
  const { leased: told, order } = await log.until((flow) => flow.leased.length === 6);
  assert.deepEqual(order, ['dialed', ...Array<string>(6).fill('leased')]);
  let [sent, received] = [0, 0];
  const expected = answers.map((target, at) => {
    const request = told[2 * at];
    const answer = told[2 * at + 1];
    assert.ok(request?.kind === 'request' && answer?.kind === 'answer');
    assert.equal(text(request), `GET ${target} HTTP/1.1\r\nHost: a.test\r\n\r\n`);
    assert.deepEqual([request.bodyBytes, answer.status, answer.bodyBytes], [0, 200, target.length]);
    assert.ok(request.at <= answer.atSent && answer.atSent <= answer.atFirstByte && answer.atFirstByte <= answer.atEnd);
    const ms = Math.floor((answer.atFirstByte - answer.atSent) / 1_000);
    const field = `x-envoy-upstream-service-time: ${ms}`;
    const all = `HTTP/1.1 200 OK\r\n${field}\r\ncontent-length: ${target.length}\r\n\r\n${target}`;
    received += all.length;
    assert.deepEqual([request.passed, answer.bodyAt], [sent, received - target.length]);
    sent += request.head.length;
    return all;
  });
  assert.equal(got(), expected.join(''));
});

test('chunked answers pass, and are told with all of their bytes; at an extension the owner goes on', async (t) => {
  const log = new LoggedMover(t);
  const upstream: Socket[] = [];
  const to = await origin(t, (socket) => upstream.push(socket));
  log.onAccept = ({ flow }) => log.mover.dial(flow, dialTo(to));
  const socket = client(log.listen().port);
  const all = readAll(socket);
  const { flow, leased: told, asked } = await log.until(({ dialed }) => dialed.length === 1);
  const terms = { host: 'a.test', method: undefined, target: undefined, timeHeader: undefined, validMs: 60_000 };
  log.mover.lease(flow, { ...terms, epoch: log.mover.epoch() });
  const head = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
  const chunks = '5\r\nhello\r\n0\r\n\r\n';
  const odd = '3;a=b\r\nyou\r\n0\r\n\r\n';
  const say = async (events: number, ...pieces: readonly string[]): Promise<void> => {
    socket.write(HEAD);
    await log.until(() => told.at(-1)?.kind === 'request');
    for (const [at, piece] of pieces.entries()) {
      upstream[0]?.write(piece);
      if (at === 0) await log.until(() => told.at(-1)?.kind === 'answer');
    }
    await log.until(() => told.length + asked.length === events);
  };
  await say(2, head + chunks);
  await say(5, head, chunks);
  await say(8, `${head}5\r\nhel`, `lo\r\n${odd}`);
  const bodies = told.map((event) => [event.kind, event.bodyBytes]);
  const requests = ['request', 0];
  assert.deepEqual(bodies.slice(0, 2), [requests, ['answer', chunks.length]]);
  assert.deepEqual(bodies.slice(2, 5), [requests, ['answer', 0], ['end', chunks.length]]);
  assert.deepEqual(bodies.slice(5), [requests, ['answer', '5\r\nhello'.length]]);
  assert.deepEqual(asked, [{ phase: 'body', at: 'size', bodyBytes: '5\r\nhello\r\n'.length }]);
  log.mover.forward(flow, 'upstream', odd.length, 'reached');
  await log.until(({ gates }) => gates.length === 1);
  log.mover.close(flow, 'fin');
  assert.equal((await all).text, `${head}${chunks}${head}${chunks}${head}5\r\nhello\r\n${odd}`);
  socket.end();
});

test('a request beyond the terms, or in the next epoch, is asked', async (t) => {
  const { log, flow, socket, got } = await leased(t, { method: 'GET', target: '/x' });
  socket.write(HEAD);
  await until(() => got().endsWith('/x'));
  log.mover.edit(flow, 'client', 0, 0, Buffer.from('dropped under a lease'));
  socket.write(HEAD.replace('/x', '/y'));
  const { asked, held } = await log.until((logged) => logged.asked.length === 1);
  assert.deepEqual(asked, [{ phase: 'request', requestSent: false }]);
  log.mover.inspect(flow, 'client', 0, 1_000);
  await log.until(() => held.length === 1);
  assert.equal(held[0]?.text, HEAD.replace('/x', '/y'));
  log.mover.edit(flow, 'client', 5, 1, Buffer.from('x'));
  const terms = { host: 'a.test', method: 'GET', target: undefined, timeHeader: undefined, validMs: 60_000 };
  log.mover.lease(flow, { ...terms, epoch: log.mover.epoch() });
  log.mover.lease(flow, { ...terms, host: 'of-no-effect.test', epoch: log.mover.epoch() });
  await until(() => got().split('/x').length === 3);
  const before = log.mover.epoch();
  log.mover.nextEpoch();
  assert.equal(log.mover.epoch(), before + 1);
  socket.write(HEAD);
  await log.until(() => asked.length === 2);
  log.mover.lease(flow, undefined);
  log.mover.respond(flow, Buffer.from('refused'));
  await until(() => got().endsWith('refused'));
});

test('a lease that is taken back in the middle of an answer ends behind it', async (t) => {
  const log = new LoggedMover(t);
  const upstream: Socket[] = [];
  const to = await origin(t, (socket) => upstream.push(socket));
  log.onAccept = ({ flow }) => log.mover.dial(flow, dialTo(to));
  const socket = client(log.listen().port);
  const all = readAll(socket);
  const { flow, leased: told, asked } = await log.until(({ dialed }) => dialed.length === 1);
  const terms = { host: 'a.test', method: undefined, target: undefined, timeHeader: undefined, validMs: 60_000 };
  log.mover.lease(flow, { ...terms, epoch: log.mover.epoch() });
  socket.write(HEAD);
  await log.until(() => told.length === 1);
  upstream[0]?.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst');
  await log.until(() => told.length === 2);
  log.mover.lease(flow, undefined);
  assert.equal(asked.length, 0);
  upstream[0]?.end('later');
  await log.until(({ lost }) => lost.length === 1);
  assert.deepEqual(
    told.map(({ kind }) => kind),
    ['request', 'answer', 'end'],
  );
  log.mover.close(flow, 'fin');
  assert.ok((await all).text.endsWith('\r\n\r\nfirstlater'));
  socket.end();
});

function text(event: Extract<LeasedEvent, { head: Uint8Array }>): string {
  return Buffer.from(event.head).toString('latin1');
}
