import { deepEqual, equal, ok } from 'node:assert/strict';
import type { Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { Conversation } from '../../../../agent/relay/conversation.ts';
import { passedUnderLease, passRequest, type RequestPassing } from '../../../../agent/relay/request-body.ts';
import type { RequestHead } from '../../../../agent/wire/http1-request.ts';
import { until } from '../../../support/until.ts';
import { Conversations, origin } from './conversations.ts';
import { nextRequest } from './exchanging.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a.test\r\n\r\n';
const LENGTH = 'POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 12\r\n\r\n';
const CHUNKED = 'POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n';
const CHUNKS = '5\r\nhello\r\n3;a=b\r\nyou\r\n0\r\nX: y\r\n\r\n';
const BIG = `186a0\r\n${'x'.repeat(100_000)}\r\n0\r\n\r\n`;

type Passed = {
  readonly client: Socket;
  readonly conversation: Conversation;
  readonly request: RequestHead;
  readonly passing: RequestPassing;
  /** What the upstream has got so far. */
  readonly got: () => string;
  /** How the upstream saw its connection end: `end`, or the error's name. */
  readonly ended: () => string | undefined;
};

/** A client that has begun so, and its first request on the way. */
async function sending(t: TestContext, conversations: Conversations, first: string): Promise<Passed> {
  let got = '';
  let ended: string | undefined;
  const to = await origin(t, (socket) => {
    socket.on('data', (data) => (got += data.toString('latin1')));
    socket.on('end', () => (ended ??= 'end'));
    socket.on('error', (error: NodeJS.ErrnoException) => (ended = error.code));
  });
  const { client, conversation } = await conversations.open(first);
  const { request, passed } = await nextRequest(conversation);
  const dialling = conversation.dial({ to, netns: undefined, preamble: new Uint8Array(0), timeoutMs: 2_000 });
  const passing = passRequest(conversation, request, passed);
  await dialling;
  return { client, conversation, request, passing, got: () => got, ended: () => ended };
}

for (const { says, head, body } of [
  { says: 'no body', head: GET, body: '' },
  { says: 'a length', head: LENGTH, body: 'hello\r\n\0\xffyou' },
  { says: 'chunks', head: CHUNKED, body: CHUNKS },
  { says: 'a chunk longer than can be held', head: CHUNKED, body: BIG },
]) {
  test(`${says}: all of the request leaves, nothing behind it, however it comes`, async (t) => {
    const conversations = new Conversations(t);
    for (const size of [1, 7, 1_000_000]) {
      if (body.length / size > 1_000) continue;
      const { client, conversation, passing, got } = await sending(t, conversations, head);
      client.setNoDelay(true);
      const bytes = Buffer.from(`${body}${GET}`, 'latin1');
      for (let at = 0; at < bytes.length; at += size) {
        await new Promise((sent) => client.write(bytes.subarray(at, at + size), sent));
      }
      await until(() => passing.sent && got().length >= head.length + body.length);
      deepEqual([got(), passing.bodyBytes], [head + body, body.length]);
      ok(passing.sentAt > 0);
      const held = await conversation.inspect('client', GET.length - 1, 5_000);
      equal(Buffer.from(held?.bytes ?? []).toString('latin1'), GET, 'the next request is still held');
      equal(got(), head + body);
      conversation.close('rst');
    }
  });

  test(`${says}: the end of a client that has sent it all is passed on`, async (t) => {
    const { client, got, ended, passing } = await sending(t, new Conversations(t), head);
    equal(passing.clientEnded, false);
    client.end(body, 'latin1');
    await until(() => ended() !== undefined);
    deepEqual([ended(), got(), passing.clientEnded], ['end', head + body, true]);
  });
}

for (const { says, first } of [
  { says: 'a length', first: `${LENGTH}hello` },
  { says: 'chunks, in one', first: `${CHUNKED}5\r\nhe` },
  { says: 'chunks, between two', first: `${CHUNKED}5\r\nhello\r\n` },
]) {
  test(`${says}: a client that leaves in mid-body ends the flow, both ways`, async (t) => {
    const { client, conversation, got, ended } = await sending(t, new Conversations(t), first);
    await until(() => got() === first);
    client.end();
    await until(() => ended() !== undefined);
    const { cause, toUpstream } = await conversation.closedEvent;
    deepEqual([cause, toUpstream, got()], ['closed', first.length, first]);
  });

  test(`${says}: a client that ends while it reads its answer gets the rest of that`, async (t) => {
    const { client, conversation, passing, got } = await sending(t, new Conversations(t), first);
    await until(() => got() === first);
    passing.answered = true;
    client.end();
    const held = await conversation.inspect('client', 0, 5_000);
    equal(held?.ended, true);
    equal(conversation.over, false);
    conversation.close('rst');
  });
}

test('a chunk that is none: told, and nothing from there on leaves', async (t) => {
  const { client, conversation, passing, got } = await sending(t, new Conversations(t), `${CHUNKED}5\r\nhello\r\n`);
  await until(() => got().endsWith('hello\r\n'));
  client.write(`zz\r\n${GET}`);
  equal(await passing.bad, 'bad-body');
  deepEqual([passing.sent, passing.bodyBytes], [false, 10]);
  conversation.close('rst');
  equal((await conversation.closedEvent).toUpstream, CHUNKED.length + 10);
});

test('a chunk of the largest size passes as it comes, a larger one is bad', async (t) => {
  const largest = `${CHUNKED}10000000000000\r\nabc`;
  const { conversation, got } = await sending(t, new Conversations(t), largest);
  await until(() => got() === largest);
  conversation.close('rst');
  const larger = await sending(t, new Conversations(t), `${CHUNKED}1fffffffffffff\r\nabc`);
  equal(await larger.passing.bad, 'bad-body');
  larger.conversation.close('rst');
  equal((await larger.conversation.closedEvent).toUpstream, CHUNKED.length);
});

test('what a lease has let pass goes on where it stands', async (t) => {
  const { client, conversation, request, got } = await sending(t, new Conversations(t), `${LENGTH}hello`);
  await until(() => got().length === LENGTH.length + 5);
  const rest = passedUnderLease(conversation, request, 0, false, 0);
  deepEqual([rest.sent, rest.start], [false, LENGTH.length]);
  client.write(` to you${GET}`);
  await until(() => rest.sent);
  equal(rest.bodyBytes, 12);
  const whole = passedUnderLease(conversation, request, 0, true, 77);
  deepEqual([whole.sent, whole.sentAt, whole.bodyBytes], [true, 77, 12]);
  equal(got(), `${LENGTH}hello to you`);
  conversation.close('rst');
});
