import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import type { Endpoint } from '../../../../agent/model/address.ts';
import { dialInOrder } from '../../../../agent/relay/dial.ts';
import { readAll } from '../../../support/mover-log.ts';
import { Conversations, deadEnd, origin } from './conversations.ts';

const UNTOLD = { reached: () => {}, failed: () => {} };

test('the first that answers is taken, and gets what was let pass before', async (t) => {
  const dead = await deadEnd(t);
  const to = await origin(t, (socket) => void socket.once('data', (data) => socket.end(`got ${data.toString()}`)));
  const { client, conversation } = await new Conversations(t).open('hello');
  conversation.forward('client', 'all', 'reached');
  conversation.forward('upstream', 'all', 'reached');
  const [dialled, answer] = await Promise.all([dialInOrder(conversation, [dead, dead, to], UNTOLD), readAll(client)]);
  client.end();
  await conversation.closedEvent;
  equal(answer.text, 'got hello');
  ok(dialled.kind === 'connected');
  deepEqual(dialled.upstream.endpoint, to);
  equal(dialled.upstream.local?.ip, to.ip);
});

test('none answers: the last one that was tried, and why', async (t) => {
  const dead = await deadEnd(t);
  const { conversation } = await new Conversations(t).open('hello');
  const failure = { code: 'dial-refused', httpStatus: 503, flag: 'UF' } as const;
  deepEqual(await dialInOrder(conversation, [dead], UNTOLD), { kind: 'failed', failure, tried: dead });
  equal(conversation.over, false, 'the client is still there to be answered');
  conversation.close('rst');
});

test('of very many candidates the first twelve are tried', async (t) => {
  const dead = await deadEnd(t);
  const live = await origin(t, (socket) => socket.end());
  const { conversation } = await new Conversations(t).open('hello');
  const twelve = Array.from({ length: 12 }, () => dead);
  const dialled = await dialInOrder(conversation, [dead, ...twelve, live], UNTOLD);
  deepEqual(dialled.kind === 'failed' && dialled.tried, dead);
  conversation.close('rst');
});

test('a client that has gone ends the dialling', async (t) => {
  const dead = await deadEnd(t);
  const { client, conversation } = await new Conversations(t).open();
  client.resetAndDestroy();
  await conversation.closedEvent;
  deepEqual(await dialInOrder(conversation, [dead], UNTOLD), { kind: 'gone' });
});

test('a preamble goes ahead of all else, anew with each attempt, and is no byte of the client', async (t) => {
  const dead = await deadEnd(t);
  const to = await origin(t, (socket) => void readAll(socket).then(({ text }) => socket.end(`got ${text}`)));
  const { client, conversation } = await new Conversations(t).open('hello');
  conversation.forward('client', 'all', 'reached');
  conversation.forward('upstream', 'all', 'reached');
  client.end();
  const preamble = new TextEncoder().encode('for shop/web-0: ');
  const dialling = dialInOrder(conversation, [dead, to], { ...UNTOLD, preamble });
  const [dialled, answer] = await Promise.all([dialling, readAll(client)]);
  equal(dialled.kind, 'connected');
  equal(answer.text, 'got for shop/web-0: hello');
  equal((await conversation.closedEvent).toUpstream, 'hello'.length);
});

test('each attempt is told, as it ends', async (t) => {
  const told: string[] = [];
  const [dead, gone] = [await deadEnd(t), await deadEnd(t)];
  const live = await origin(t, (socket) => socket.end());
  const name = (each: Endpoint): string => (each === live ? 'live' : each === dead ? 'dead' : 'gone');
  const telling = {
    reached: (each: Endpoint) => void told.push(`reached ${name(each)}`),
    failed: (each: Endpoint) => void told.push(`failed ${name(each)}`),
  };
  const conversations = new Conversations(t);
  const one = await conversations.open('x');
  await dialInOrder(one.conversation, [dead, live, gone], telling);
  deepEqual(told.splice(0), ['failed dead', 'reached live'], 'what was not tried is not told of');
  one.conversation.close('rst');
  const other = await conversations.open('x');
  await dialInOrder(other.conversation, [dead, gone], telling);
  deepEqual(told.splice(0), ['failed dead', 'failed gone']);
  other.client.resetAndDestroy();
  await other.conversation.closedEvent;
  await dialInOrder(other.conversation, [dead, live], telling);
  deepEqual(told, [], 'a client that has gone says nothing of an endpoint');
});
