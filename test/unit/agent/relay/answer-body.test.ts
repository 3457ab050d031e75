import { deepEqual, equal, ok } from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { passBody, passRestOfChunks } from '../../../../agent/relay/answer-body.ts';
import type { Conversation } from '../../../../agent/relay/conversation.ts';
import { parseAnswerHead } from '../../../../agent/wire/http1-answer.ts';
import { readAll } from '../../../support/mover-log.ts';
import { until } from '../../../support/until.ts';
import { Conversations, origin } from './conversations.ts';

const LENGTH = 'HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n';
const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
const CLOSE = 'HTTP/1.1 200 OK\r\n\r\n';
const NONE = 'HTTP/1.1 204 No Content\r\n\r\n';
const CHUNKS = '5\r\nhello\r\n3;a=b\r\nyou\r\n0\r\nX: y\r\n\r\n';
const BIG = `186a0\r\n${'x'.repeat(100_000)}\r\n0\r\n\r\n`;

type Answered = {
  readonly upstream: Socket;
  readonly client: Socket;
  readonly conversation: Conversation;
  /** What the client has got so far. */
  readonly got: () => string;
  readonly passing: ReturnType<typeof passBody>;
};

/** An upstream that has answered so far, and the first head of it with its body on the way. */
async function answered(t: TestContext, conversations: Conversations, first: string): Promise<Answered> {
  const accepted = Promise.withResolvers<Socket>();
  const to = await origin(t, (socket) => {
    accepted.resolve(socket);
    socket.write(first, 'latin1');
  });
  const { client, conversation } = await conversations.open('x');
  let got = '';
  client.on('data', (data) => (got += data.toString('latin1')));
  await conversation.dial({ to, netns: undefined, preamble: new Uint8Array(0), timeoutMs: 2_000 });
  const upstream = await accepted.promise;
  const held = await conversation.inspect('upstream', first.length - 1, 5_000);
  const bytes = held?.bytes ?? new Uint8Array(0);
  const head = parseAnswerHead(bytes, { requestMethod: 'GET' });
  if (head.kind !== 'head') throw new TypeError(`the test itself is wrong: ${head.kind}`);
  const passing = passBody(conversation, head.body, head.headBytes, bytes.length);
  return { upstream, client, conversation, got: () => got, passing };
}

for (const { says, head, body } of [
  { says: 'no body', head: NONE, body: '' },
  { says: 'a length', head: LENGTH, body: 'hello\r\n\0\xffyou' },
  { says: 'chunks', head: CHUNKED, body: CHUNKS },
  { says: 'a chunk longer than can be held', head: CHUNKED, body: BIG },
]) {
  test(`${says}: all of the answer passes, nothing behind it, however it comes`, async (t) => {
    const conversations = new Conversations(t);
    for (const size of [1, 7, 1_000_000]) {
      if (body.length / size > 1_000) continue;
      const { upstream, conversation, got, passing } = await answered(t, conversations, head);
      upstream.setNoDelay(true);
      const bytes = Buffer.from(`${body}HTTP/1.1 `, 'latin1');
      for (let at = 0; at < bytes.length; at += size) {
        await new Promise((sent) => upstream.write(bytes.subarray(at, at + size), sent));
      }
      deepEqual(await passing, { end: 'whole', bodyBytes: body.length });
      await until(() => got().length >= head.length + body.length);
      const held = await conversation.inspect('upstream', 8, 5_000);
      equal(Buffer.from(held?.bytes ?? []).toString('latin1'), 'HTTP/1.1 ');
      equal(got(), head + body);
      conversation.close('rst');
    }
  });
}

test('held whole: all of it passes, nothing behind it', async (t) => {
  const conversations = new Conversations(t);
  for (const text of [NONE, `${LENGTH}hello to you`, CHUNKED + CHUNKS]) {
    const { conversation, got, passing } = await answered(t, conversations, `${text}HTTP/1.1 `);
    const { end, bodyBytes } = await passing;
    deepEqual([end, bodyBytes], ['whole', text.length - text.indexOf('\r\n\r\n') - 4]);
    await until(() => got().length >= text.length);
    await conversation.inspect('upstream', 8, 5_000);
    equal(got(), text);
    conversation.close('rst');
  }
});

test('up to the end of the connection, to a client that has ended before: whole', async (t) => {
  const { client, upstream, got, passing, conversation } = await answered(t, new Conversations(t), CLOSE);
  conversation.forward('client', 'all', 'held');
  client.end();
  upstream.resume();
  await once(upstream, 'end');
  upstream.end('all of it');
  deepEqual(await passing, { end: 'whole', bodyBytes: 9 });
  equal((await conversation.closedEvent).cause, 'ended');
  await until(() => got() === `${CLOSE}all of it`);
});

for (const how of ['end', 'resetAndDestroy'] as const) {
  test(`up to the end of the connection: whole when that is in order (${how})`, async (t) => {
    const { upstream, got, passing } = await answered(t, new Conversations(t), CLOSE);
    upstream.write('all of it');
    await until(() => got().endsWith('all of it'));
    upstream[how]();
    deepEqual(await passing, { end: how === 'end' ? 'whole' : 'gone', bodyBytes: 9 });
  });

  for (const [says, head, some] of [
    ['a length', LENGTH, 'hello'],
    ['in a chunk', CHUNKED, '186a0\r\nhe'],
    ['between chunks', CHUNKED, '5\r\nhello\r\n'],
    ['in the framing', CHUNKED, '5\r\nhello\r\n3;a'],
  ] as const) {
    test(`${says}: an upstream that goes too early has cut its answer, and what came of it counts (${how})`, async (t) => {
      const { upstream, got, passing, conversation } = await answered(t, new Conversations(t), head);
      upstream.write(some);
      await until(() => got() === head + some);
      upstream[how]();
      const { end, bodyBytes } = await passing;
      equal(bodyBytes, some.length);
      equal(end, conversation.over ? 'gone' : 'cut');
      if (how === 'end') equal(end, 'cut');
    });
  }
}

for (const [says, head] of [
  ['a length', 'HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n'],
  ['chunks', `${CHUNKED}5f5e0ff\r\n`],
  ['up to the end', CLOSE],
] as const) {
  test(`${says}: a client that goes ends it, and what it got counts`, async (t) => {
    const { client, upstream, got, passing, conversation } = await answered(t, new Conversations(t), head);
    upstream.write('hello');
    await until(() => got().endsWith('hello'));
    client.resetAndDestroy();
    const { end, bodyBytes } = await passing;
    const headBytes = head.indexOf('\r\n\r\n') + 4;
    deepEqual([end, bodyBytes], ['gone', head.length - headBytes + 5]);
    equal((await conversation.closedEvent).client, 'reset');
  });
}

const resumed: readonly Resumed[] = [
  { says: 'an extension', passed: '5\r\nhello\r\n', rest: '3;a=b\r\nyou\r\n0\r\n\r\n', end: 'whole' },
  { says: 'an extension first of all', passed: '', rest: '3;a=b\r\nyou\r\n0\r\n\r\n', end: 'whole' },
  { says: 'a trailer', passed: '5\r\nhello\r\n', rest: '0\r\nX-Sum: 1\r\n\r\n', end: 'whole' },
  { says: 'a bad size', passed: '5\r\nhello\r\n', rest: '5 \r\nhello', came: 0, end: 'bad' },
  {
    says: 'no line end behind the data',
    passed: '5\r\nhello',
    rest: '!',
    came: 0,
    end: 'bad',
  },
  { says: 'a bad trailer', passed: '', rest: '0\r\nHost: a\r\n\r\n', came: 0, end: 'bad' },
  { says: 'an end too early', passed: '', rest: '5;a=b\r\nhel', end: 'cut' },
];
type Resumed = {
  readonly says: string;
  readonly passed: string;
  readonly rest: string;
  /** How much of `rest` reaches the client; undefined: all. */
  readonly came?: number;
  readonly end: 'whole' | 'bad' | 'cut';
};
for (const { says, passed, rest, came = rest.length, end } of resumed) {
  test(`a chunked answer that a lease could not read on, at ${says}`, async (t) => {
    const conversations = new Conversations(t);
    const { client, conversation } = await conversations.open();
    const reading = readAll(client);
    const upstream = Promise.withResolvers<Socket>();
    const to = await origin(t, (socket) => upstream.resolve(socket));
    await conversation.dial({ to, netns: undefined, preamble: new Uint8Array(0), timeoutMs: 2_000 });
    const terms = { host: 'a.test', method: undefined, target: undefined, timeHeader: undefined, validMs: 60_000 };
    const told: string[] = [];
    const asking = conversation.lease({ ...terms, epoch: conversation.epoch }, ({ kind }) => told.push(kind));
    client.write('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n');
    const socket = await upstream.promise;
    await once(socket, 'data');
    socket.write(CHUNKED);
    await until(() => told.length === 2);
    socket.write(passed + rest);
    if (end === 'cut') socket.end();
    const asked = await asking;
    ok(asked?.phase === 'body');
    deepEqual([asked.at, asked.bodyBytes], [rest === '!' ? 'data-end' : 'size', passed.length]);
    deepEqual(told, ['request', 'answer'], 'the rest is ours to tell');
    const bodyBytes = passed.length + came;
    deepEqual(await passRestOfChunks(conversation, asked, CHUNKED.length), { end, bodyBytes });
    conversation.close('fin');
    equal((await reading).text, CHUNKED + passed + rest.slice(0, came));
    equal((await conversation.closedEvent).toClient, CHUNKED.length + bodyBytes);
    client.end();
  });
}
