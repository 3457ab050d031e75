import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { readAll } from '../../../support/mover-log.ts';
import { Conversations, origin } from './conversations.ts';

const NOTHING = new Uint8Array(0);
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
  const dialed = await conversation.dial({ to, netns: undefined, preamble: NOTHING, timeoutMs: 2_000 });
  deepEqual([dialed?.error, dialed?.local?.ip], [undefined, '127.0.0.1']);
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
  const waiting = [conversation.inspect('client', 0, 60_000), conversation.gated('client')];
  client.resetAndDestroy();
  deepEqual(await Promise.all(waiting), [undefined, undefined]);
  const { client: end } = await conversation.closedEvent;
  equal(end, 'reset');
  ok(conversation.over);
  equal(await conversation.inspect('client', 0, 60_000), undefined);
  equal(await conversation.gated('upstream'), undefined);
  const nowhere = conversation.opening.local;
  equal(await conversation.dial({ to: nowhere, netns: undefined, preamble: NOTHING, timeoutMs: 1 }), undefined);
  conversation.forward('client', 'all', 'reached');
  conversation.observeUpstream(() => undefined);
  conversation.respond(NOTHING);
  conversation.close('fin');
});

test('a copy of what the upstream sends, in order, until it is switched off', async (t) => {
  const to = await origin(t, (socket) => void socket.end('answer'));
  const { client, conversation } = await new Conversations(t).open();
  let copied = '';
  conversation.observeUpstream((bytes) => (copied += text(bytes)));
  conversation.forward('upstream', 'all', 'reached');
  conversation.forward('client', 'all', 'reached');
  const [answer] = await Promise.all([
    readAll(client),
    conversation.dial({ to, netns: undefined, preamble: NOTHING, timeoutMs: 2_000 }),
  ]);
  client.end();
  await conversation.closedEvent;
  deepEqual([answer.text, copied], ['answer', 'answer']);
});

test('respond says it and ends', async (t) => {
  const { client, conversation } = await new Conversations(t).open('hello');
  conversation.respond(new TextEncoder().encode('no'));
  deepEqual(await readAll(client), { text: 'no', error: undefined });
  client.end();
  const { cause, toClient } = await conversation.closedEvent;
  deepEqual([cause, toClient], ['responded', 2]);
});
