import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { LiveFlows } from '../../../../agent/pipeline/live-flows.ts';
import { readAll } from '../../../support/mover-log.ts';
import { Conversations } from '../relay/conversations.ts';

const SHOP = { key: '/run/netns/shop', namespace: 'shop', pod: 'web-0' };
const BANK = { key: '/run/netns/bank', namespace: 'bank', pod: 'web-0' };

test('one namespace cannot take what another needs', async (t) => {
  const conversations = new Conversations(t);
  const [a, b, c] = [await conversations.open(), await conversations.open(), await conversations.open()];
  const live = new LiveFlows(2);
  const admitted = [a, b, c].map(({ conversation }) => live.admit(SHOP, conversation));
  deepEqual([...admitted, live.admit(BANK, c.conversation), live.size], [true, true, false, true, 3]);
  live.forget(a.conversation);
  deepEqual([live.admit(SHOP, c.conversation), live.size], [true, 2], 'counted once, to whom it was given last');
});

test('a flow that was not admitted is not counted out', async (t) => {
  const conversations = new Conversations(t);
  const [a, b] = [await conversations.open(), await conversations.open()];
  const live = new LiveFlows(1);
  deepEqual([live.admit(SHOP, a.conversation), live.admit(SHOP, b.conversation)], [true, false]);
  live.forget(b.conversation);
  equal(live.size, 1);
});

test('all flows of a namespace are reset but the one that asks, and new ones are refused for a while', async (t) => {
  const conversations = new Conversations(t);
  const [asks, other, foreign] = [await conversations.open(), await conversations.open(), await conversations.open()];
  const live = new LiveFlows(8);
  live.admit(SHOP, asks.conversation);
  live.admit(SHOP, other.conversation);
  live.admit(BANK, foreign.conversation);
  await live.resetAll(SHOP, asks.conversation, 60_000);
  deepEqual(
    [asks, other, foreign].map(({ conversation }) => conversation.over),
    [false, true, false],
  );
  equal((await readAll(other.client)).error, 'ECONNRESET');
  deepEqual([live.isClosing(SHOP), live.isClosing(BANK)], [true, false]);
  await live.resetAll(SHOP, asks.conversation, 0);
  equal(live.isClosing(SHOP), false, 'the refusal has an end');
});

test('a flow that asks too is not reset by another that asks', async (t) => {
  const conversations = new Conversations(t);
  const [asks, too, other] = [await conversations.open(), await conversations.open(), await conversations.open()];
  const live = new LiveFlows(8);
  for (const { conversation } of [asks, too, other]) live.admit(SHOP, conversation);
  live.spare(too.conversation, true);
  await live.resetAll(SHOP, asks.conversation, 60_000);
  deepEqual([too.conversation.over, other.conversation.over], [false, true]);
  live.spare(too.conversation, false);
  await live.resetAll(SHOP, asks.conversation, 60_000);
  equal(too.conversation.over, true, 'it turned out to ask nothing');
});

test('everybody who waits for the last flow is told', async (t) => {
  const { conversation } = await new Conversations(t).open();
  const live = new LiveFlows(8);
  await live.whenEmpty();
  live.admit(SHOP, conversation);
  const waiting = [live.whenEmpty(), live.whenEmpty()];
  live.forget(conversation);
  await Promise.all(waiting);
});

test('a new registry asks every flow that is followed, the last way given, as long as it lives', async (t) => {
  const conversations = new Conversations(t);
  const [a, b, gone, over] = [
    await conversations.open(),
    await conversations.open(),
    await conversations.open(),
    await conversations.open(),
  ];
  const live = new LiveFlows(8);
  const asked: string[] = [];
  live.follow(a.conversation, () => asked.push('a at first'));
  live.follow(a.conversation, () => asked.push('a'));
  live.follow(b.conversation, () => asked.push('b'));
  live.follow(gone.conversation, () => asked.push('gone'));
  live.forget(gone.conversation);
  over.client.resetAndDestroy();
  await over.conversation.closedEvent;
  live.follow(over.conversation, () => asked.push('over'));
  await live.rejudgeAll();
  deepEqual(asked, ['a', 'b']);
  await live.rejudgeAll();
  deepEqual(asked, ['a', 'b', 'a', 'b']);
});

test('a flow that ends while others are asked is not asked any more', async (t) => {
  const conversations = new Conversations(t);
  const [first, second] = [await conversations.open(), await conversations.open()];
  const live = new LiveFlows(8);
  const asked: string[] = [];
  live.follow(first.conversation, () => {
    asked.push('first');
    live.forget(second.conversation);
  });
  live.follow(second.conversation, () => asked.push('second'));
  await live.rejudgeAll();
  deepEqual(asked, ['first']);
});

test('when the agent is to stop, what waits for nothing but more requests is told, and nothing new begins', async (t) => {
  const conversations = new Conversations(t);
  const [first, second] = [await conversations.open(), await conversations.open()];
  const live = new LiveFlows(8);
  const told: string[] = [];
  live.follow(
    first.conversation,
    () => told.push('rejudged'),
    () => told.push('finish'),
  );
  live.follow(second.conversation, () => told.push('rejudged'));
  equal(live.windingDown, false);
  live.windDown();
  deepEqual([told, live.windingDown], [['finish'], true]);
});
