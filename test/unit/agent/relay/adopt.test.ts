import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import type { AdoptedEvent } from '../../../../agent/model/mover.ts';
import { socketOf } from '../../../../agent/relay/adopt.ts';
import { client, dialTo, origin } from '../../../support/loopback.ts';
import { type LoggedFlow, LoggedMover } from '../../../support/mover-log.ts';
import { until } from '../../../support/until.ts';

type Relayed = {
  readonly log: LoggedMover;
  readonly flow: LoggedFlow['flow'];
  readonly near: Socket;
  readonly far: Socket;
};

/**
 * A connection through a mover that lets so much of the client and all of the upstream pass: its client, and its other
 * end at an origin. Neither reads.
 */
async function relayed(t: TestContext, fromClient: number | 'all' = 'all'): Promise<Relayed> {
  const log = new LoggedMover(t);
  const arrived = Promise.withResolvers<Socket>();
  const to = await origin(t, (socket) => arrived.resolve(socket.pause()));
  log.onAccept = ({ flow }) => {
    log.mover.forward(flow, 'client', fromClient, 'held');
    log.mover.forward(flow, 'upstream', 'all', 'held');
    log.mover.dial(flow, dialTo(to));
  };
  const near = client(log.listen().port).pause();
  const far = await arrived.promise;
  const { flow } = await log.until(({ dialed }) => dialed.length > 0);
  return { log, flow, near, far };
}

async function adopt({ log, flow }: Relayed): Promise<{ event: AdoptedEvent; flow: LoggedFlow }> {
  log.mover.adopt(flow);
  const logged = await log.until(({ closed }) => closed.length > 0);
  assert.deepEqual(logged.order.slice(-2), ['adopted', 'closed']);
  assert.equal(logged.closed[0]?.cause, 'adopted');
  const [event] = logged.adopted;
  assert.ok(event);
  return { event, flow: logged };
}

/** Relays as a stage of Node would. */
function pipeOn({ client, upstream }: AdoptedEvent): readonly [Socket, Socket] {
  assert.ok(upstream);
  const [near, far] = [socketOf(client), socketOf(upstream)];
  near.pipe(far);
  far.pipe(near);
  return [near, far];
}

/** Random bytes in small pieces, so that it shows how much has gone, and their hash. Ends the socket behind them. */
function sendTo(socket: Socket, bytes: number): () => string {
  const hash = createHash('sha256');
  const pieces = function* () {
    for (let left = bytes; left > 0; left -= PIECE_BYTES) {
      const piece = randomBytes(PIECE_BYTES);
      hash.update(piece);
      yield piece;
    }
  };
  Readable.from(pieces()).pipe(socket);
  return () => hash.digest('hex');
}

/** True once nothing moves any more although all have more to send. */
function stuck(...senders: readonly Socket[]): () => boolean {
  let before = '';
  let same = 0;
  return () => {
    const now = senders.map((socket) => socket.bytesWritten - socket.writableLength).join();
    same = now === before ? same + 1 : 0;
    before = now;
    return same > 20 && senders.every((socket) => socket.writableLength > 0);
  };
}

/** Hands out each part until the end. An iterator would destroy the socket then, and with it what is still written. */
async function readBy(socket: Socket, take: (part: Buffer) => void): Promise<void> {
  socket.on('data', take);
  socket.resume();
  await once(socket, 'end');
}

async function textOf(socket: Socket): Promise<string> {
  const parts: Buffer[] = [];
  await readBy(socket, (part) => parts.push(part));
  return Buffer.concat(parts).toString();
}

async function hashOf(socket: Socket): Promise<string> {
  const hash = createHash('sha256');
  await readBy(socket, (part) => hash.update(part));
  return hash.digest('hex');
}

const MEGABYTE = 1024 * 1024;
/** More than all socket buffers on the way can take, as far as the kernel lets them grow. */
const TRANSFER_BYTES = 64 * MEGABYTE;
const PIECE_BYTES = 64 * 1024;

test('a connection in the middle of a transfer both ways goes on in Node, and no byte is lost', async (t) => {
  const live = await relayed(t);
  const { near, far } = live;
  const hashUp = sendTo(near, TRANSFER_BYTES);
  const hashDown = sendTo(far, TRANSFER_BYTES);
  await until(stuck(near, far));
  const { event, flow } = await adopt(live);
  assert.ok(event.client.bytes.length + (event.upstream?.bytes.length ?? 0) > 0, 'nothing stood in the mover');
  const [{ toUpstream, toClient } = { toUpstream: 0, toClient: 0 }] = flow.closed;
  assert.ok(toClient > MEGABYTE && toClient < TRANSFER_BYTES);
  assert.ok(toUpstream > MEGABYTE && toUpstream < TRANSFER_BYTES);
  const ours = pipeOn(event);
  const ends = ours.map((socket) => once(socket, 'close'));
  const read = await Promise.all([hashOf(far), hashOf(near)]);
  assert.deepEqual(read, [hashUp(), hashDown()]);
  await Promise.all(ends);
  assert.deepEqual(live.log.mover.stats(), { flows: 0, heldBytes: 0, paused: false });
});

test('what was held by credit is passed on by Node', async (t) => {
  const live = await relayed(t, 3);
  live.near.write('onetwo');
  await live.log.until(({ gates }) => gates.length > 0);
  const { event, flow } = await adopt(live);
  assert.deepEqual([Buffer.from(event.client.bytes).toString(), flow.closed[0]?.toUpstream], ['two', 3]);
  pipeOn(event);
  live.near.end('three');
  assert.equal(await textOf(live.far), 'onetwothree');
  live.far.end('answer');
  assert.equal(await textOf(live.near), 'answer');
});

for (const first of ['client', 'upstream'] as const) {
  test(`half-closed by the ${first} before: the end is not lost and the other direction lives`, async (t) => {
    const live = await relayed(t);
    const [ended, other] = first === 'client' ? [live.near, live.far] : [live.far, live.near];
    ended.end('last words');
    assert.equal(await textOf(other), 'last words');
    const { event, flow } = await adopt(live);
    assert.deepEqual([event.client.ended, event.upstream?.ended], [first === 'client', first === 'upstream']);
    assert.deepEqual([flow.closed[0]?.[first], flow.closed[0]?.client === flow.closed[0]?.upstream], ['fin', false]);
    const ours = pipeOn(event);
    const ends = ours.map((socket) => once(socket, 'close'));
    other.end('answer');
    assert.equal(await textOf(ended), 'answer');
    await Promise.all(ends);
  });
}

test('an end that stands behind unread bytes is handed over behind them', async (t) => {
  const live = await relayed(t, 1);
  live.near.end('abc');
  await live.log.until(({ gates }) => gates.length > 0);
  const { event } = await adopt(live);
  assert.equal(Buffer.from(event.client.bytes).toString(), 'bc');
  pipeOn(event);
  assert.equal(await textOf(live.far), 'abc');
  live.far.end();
  await textOf(live.near);
});

test('a held request without an upstream is answered by Node’s own server', async (t) => {
  const log = new LoggedMover(t);
  log.onAccept = ({ flow }) => log.mover.inspect(flow, 'client', 10, 2_000);
  log.onEvent = ({ flow }, name) => {
    if (name === 'held') log.mover.adopt(flow);
  };
  const server = createServer((request, response) => {
    request.setEncoding('utf8');
    let body = '';
    request.on('data', (part: string) => (body += part));
    request.on('end', () => response.end(`${request.url} ${body}`));
  });
  const near = client(log.listen().port);
  near.write('POST /a HTTP/1.1\r\nHost: a.test\r\nContent-Length: 9\r\n\r\nhe');
  const { adopted } = await log.until(({ closed }) => closed.length > 0);
  const [event] = adopted;
  assert.ok(event && event.upstream === undefined);
  server.emit('connection', socketOf(event.client));
  near.write('ld moreGET /b HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n');
  const text = await textOf(near);
  assert.match(text, /^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\n\/a held moreHTTP\/1\.1 200 OK\r\n[^]*\r\n\r\n\/b $/);
  near.end();
});
