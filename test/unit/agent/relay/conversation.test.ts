import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import type { Endpoint } from '../../../../agent/model/address.ts';
import type { Conversation } from '../../../../agent/relay/conversation.ts';
import { readAll } from '../../../support/mover-log.ts';
import { Conversations, origin } from './conversations.ts';

const NOTHING = new Uint8Array(0);

async function dial(conversation: Conversation, to: Endpoint): Promise<void> {
  const dialed = await conversation.dial({ to, netns: undefined, preamble: NOTHING, timeoutMs: 2_000 });
  deepEqual([dialed?.error, dialed?.local?.ip], [undefined, '127.0.0.1']);
}

const text = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? NOTHING).toString();

test('what is held outlives its event, and is all that came so far', async (t) => {
  const { client, conversation } = await new Conversations(t).open();
  client.write('one');
  const first = await conversation.inspect('client', 0, 5_000);
  client.write(' two');
  const second = await conversation.inspect('client', 3, 5_000);
  deepEqual([text(first?.bytes), text(second?.bytes)], ['one', 'one two']);
  conversation.close('rst');
});

test('a deadline is an answer, and so is the end', async (t) => {
  const { client, conversation } = await new Conversations(t).open();
  const late = await conversation.inspect('client', 0, 20);
  deepEqual([late?.bytes.length, late?.deadline, late?.ended], [0, true, false]);
  client.end('last');
  const last = await conversation.inspect('client', 4, 5_000);
  deepEqual([text(last?.bytes), last?.ended], ['last', true]);
  conversation.close('rst');
});

test('dialled, let pass, gated: only what was let pass reaches the upstream', async (t) => {
  const seen = Promise.withResolvers<string>();
  const to = await origin(t, (socket) => void socket.once('data', (data) => seen.resolve(data.toString())));
  const { client, conversation } = await new Conversations(t).open('abcdef');
  conversation.forward('client', 3, 'reached');
  await dial(conversation, to);
  const gate = await conversation.gated('client');
  equal(gate?.side, 'client');
  equal(await seen.promise, 'abc');
  equal(await conversation.gated('client'), gate, 'asked again it is the same gate');
  conversation.close('rst');
  const { toUpstream } = await conversation.closedEvent;
  equal(toUpstream, 3);
  equal((await readAll(client)).error, 'ECONNRESET');
});

test('every question that waits is answered once the flow has ended, and every later one at once', async (t) => {
  const { client, conversation } = await new Conversations(t).open();
  const waiting = [
    conversation.inspect('client', 0, 60_000),
    conversation.gated('client'),
    conversation.upstreamGone(),
  ];
  client.resetAndDestroy();
  deepEqual(await Promise.all(waiting), [undefined, undefined, undefined]);
  const { client: end } = await conversation.closedEvent;
  equal(end, 'reset');
  ok(conversation.over);
  equal(await conversation.inspect('client', 0, 60_000), undefined);
  equal(await conversation.gated('upstream'), undefined);
  const nowhere = conversation.opening.local;
  equal(await conversation.dial({ to: nowhere, netns: undefined, preamble: NOTHING, timeoutMs: 1 }), undefined);
  conversation.forward('client', 'all', 'reached');
  conversation.edit('client', 0, 0, NOTHING);
  conversation.endLease();
  conversation.respond(NOTHING);
  conversation.close('fin');
});

test('what is held is edited before it passes, and a number given again has a gate of its own', async (t) => {
  const to = await origin(t, (socket) => void socket.pipe(socket));
  const { client, conversation } = await new Conversations(t).open('abcdef');
  conversation.edit('client', 2, 3, new TextEncoder().encode('--'));
  await dial(conversation, to);
  conversation.forward('upstream', 'all', 'held');
  conversation.forward('client', 4, 'reached');
  const first = await conversation.gated('client');
  deepEqual([text(first?.bytes), first?.passed], ['f', 4]);
  conversation.forward('client', 1, 'held');
  const waiting = conversation.gated('client');
  client.write('!');
  const second = await waiting;
  deepEqual([text(second?.bytes), second?.passed], ['!', 5]);
  conversation.forward('client', 'all', 'held');
  client.end();
  equal((await readAll(client)).text, 'ab--f!');
  await conversation.closedEvent;
});

test('an upstream that ends while nothing of it is let pass is lost; the client can be taken to another', async (t) => {
  const leaves = await origin(t, (socket) => void socket.once('data', () => socket.end()));
  const stays = await origin(t, (socket) => void socket.once('data', (data) => socket.end(`got ${data.toString()}`)));
  const { client, conversation } = await new Conversations(t).open('onetwo');
  await dial(conversation, leaves);
  conversation.forward('client', 3, 'reached');
  const idle = conversation.inspect('upstream', 0, 60_000);
  equal(await idle, undefined, 'the question for its bytes has no answer');
  deepEqual([conversation.lostUpstream, conversation.over], [{ reset: false, passed: 3 }, false]);
  equal(await conversation.inspect('upstream', 0, 60_000), undefined, 'nor has any later one');
  conversation.forward('upstream', 1, 'reached');
  equal(await conversation.gated('upstream'), undefined);

  await dial(conversation, stays);
  equal(conversation.lostUpstream, undefined);
  conversation.forward('client', 3, 'reached');
  conversation.forward('upstream', 'all', 'reached');
  equal((await readAll(client)).text, 'got two');
  client.end();
  await conversation.closedEvent;
});

test('every question that waits for an upstream is answered when it is lost', async (t) => {
  const to = await origin(t, (socket) => void socket.once('data', () => socket.resetAndDestroy()));
  const { conversation } = await new Conversations(t).open('x');
  await dial(conversation, to);
  conversation.forward('client', 1, 'held');
  const waiting = [
    conversation.gated('client'),
    conversation.inspect('upstream', 0, 60_000),
    conversation.upstreamGone(),
  ];
  deepEqual(await Promise.all(waiting), [undefined, undefined, undefined]);
  await conversation.upstreamGone();
  deepEqual([conversation.lostUpstream, conversation.over], [{ reset: true, passed: 1 }, false]);
  conversation.close('rst');
});

const REQUEST = 'GET /a HTTP/1.1\r\nHost: a.test\r\n\r\n';
const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

test('under a lease equal requests pass, each told; another one is asked about, and is still held', async (t) => {
  const to = await origin(t, (socket) => void socket.on('data', () => socket.write(ANSWER)));
  const { client, conversation } = await new Conversations(t).open(REQUEST + REQUEST);
  await dial(conversation, to);
  const told: string[] = [];
  const host = { host: 'a.test', method: undefined, target: undefined };
  const lease = { epoch: conversation.epoch, validMs: 60_000, ...host, timeHeader: 'x-ms' };
  const over = conversation.lease(lease, (event) => told.push(event.kind));
  const other = REQUEST.replace('a.test', 'b.test');
  const [first] = await once(client, 'data');
  match(String(first), /^HTTP\/1\.1 200 OK\r\nx-ms: \d+\r\nContent-Length: 2\r\n\r\nok/);
  client.write(other);
  deepEqual(await over, { phase: 'request', requestSent: false });
  deepEqual(told, ['request', 'answer', 'request', 'answer']);
  const held = await conversation.inspect('client', 0, 5_000);
  deepEqual([text(held?.bytes), held?.passed], [other, 2 * REQUEST.length]);
  conversation.close('rst');
});

test('a lease is ended from here, and is none once its upstream is lost', async (t) => {
  const to = await origin(t, (socket) => void socket.once('data', () => socket.end()));
  const { client, conversation } = await new Conversations(t).open();
  await dial(conversation, to);
  const host = { host: 'a.test', method: undefined, target: undefined, timeHeader: undefined };
  const lease = { epoch: conversation.epoch, validMs: 60_000, ...host };
  const over = conversation.lease(lease, () => undefined);
  conversation.endLease();
  equal((await over)?.phase, 'request');
  const again = conversation.lease(lease, () => undefined);
  client.write(REQUEST);
  equal((await again)?.phase, undefined);
  ok(conversation.lostUpstream);
  equal(await conversation.lease(lease, () => undefined), undefined);
  conversation.close('rst');
});

test('respond says it and ends', async (t) => {
  const { client, conversation } = await new Conversations(t).open('hello');
  conversation.respond(new TextEncoder().encode('no'));
  deepEqual(await readAll(client), { text: 'no', error: undefined });
  client.end();
  const { cause, toClient } = await conversation.closedEvent;
  deepEqual([cause, toClient], ['responded', 2]);
});
