import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { dialInOrder } from '../../../../agent/relay/dial.ts';
import { readAll } from '../../../support/mover-log.ts';
import { Conversations, deadEnd, origin } from './conversations.ts';

test('the first that answers is taken, and gets what was let pass before', async (t) => {
  const dead = await deadEnd(t);
  const to = await origin(t, (socket) => void socket.once('data', (data) => socket.end(`got ${data.toString()}`)));
  const { client, conversation } = await new Conversations(t).open('hello');
  conversation.forward('client', 'all', 'reached');
  conversation.forward('upstream', 'all', 'reached');
  const [dialled, answer] = await Promise.all([dialInOrder(conversation, [dead, dead, to]), readAll(client)]);
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
  deepEqual(await dialInOrder(conversation, [dead]), { kind: 'failed', failure, tried: dead });
  equal(conversation.over, false, 'the client is still there to be answered');
  conversation.close('rst');
});

test('of very many candidates the first twelve are tried', async (t) => {
  const dead = await deadEnd(t);
  const live = await origin(t, (socket) => socket.end());
  const { conversation } = await new Conversations(t).open('hello');
  const twelve = Array.from({ length: 12 }, () => dead);
  const dialled = await dialInOrder(conversation, [dead, ...twelve, live]);
  deepEqual(dialled.kind === 'failed' && dialled.tried, dead);
  conversation.close('rst');
});

test('a client that has gone ends the dialling', async (t) => {
  const dead = await deadEnd(t);
  const { client, conversation } = await new Conversations(t).open();
  client.resetAndDestroy();
  await conversation.closedEvent;
  deepEqual(await dialInOrder(conversation, [dead]), { kind: 'gone' });
});
