import type { Socket } from 'node:net';
import type { TestContext } from 'node:test';
import type { Endpoint } from '../../../../agent/model/address.ts';
import type { Conversation } from '../../../../agent/relay/conversation.ts';
import { type Exchange, receiveAnswer } from '../../../../agent/relay/exchange.ts';
import { passRequest } from '../../../../agent/relay/request-body.ts';
import { parseRequestHead, type RequestHead } from '../../../../agent/wire/http1-request.ts';
import { origin } from './conversations.ts';

/** The request that is held next, as far as its head, and how many bytes had passed before it. */
export async function nextRequest(
  conversation: Conversation,
): Promise<{ readonly request: RequestHead; readonly passed: number }> {
  for (let seen = 0; ; ) {
    const held = await conversation.inspect('client', seen, 5_000);
    if (!held) throw new TypeError('the test itself is wrong: the flow has ended');
    const head = parseRequestHead(held.bytes);
    if (head.kind === 'head') return { request: head, passed: held.passed };
    if (held.deadline || held.ended) throw new TypeError(`the test itself is wrong: ${head.kind}`);
    seen = held.bytes.length;
  }
}

/** The next request to this upstream, or, if undefined, to the one that the conversation has; and its answer. */
export async function exchange(
  conversation: Conversation,
  to: Endpoint | undefined,
  timeHeader?: string,
): Promise<Exchange> {
  const { request, passed } = await nextRequest(conversation);
  const dialling = to && conversation.dial({ to, netns: undefined, preamble: new Uint8Array(0), timeoutMs: 2_000 });
  const passing = passRequest(conversation, request, passed);
  const answering = receiveAnswer(conversation, request, passing, { timeHeader });
  const dialed = await dialling;
  if (dialed?.error !== undefined) throw new TypeError(`the test itself is wrong: ${dialed.error}`);
  return answering;
}

/** An origin that writes this once the head of a request is there, and keeps what it got. */
export async function answering(
  t: TestContext,
  answer: (request: string, socket: Socket) => void,
): Promise<{ readonly to: Endpoint; readonly got: () => string }> {
  let got = '';
  const to = await origin(t, (socket) => {
    let asked = '';
    socket.on('data', (data: Buffer) => {
      got += data.toString('latin1');
      asked += data.toString('latin1');
      for (let end = asked.indexOf('\r\n\r\n'); end !== -1; end = asked.indexOf('\r\n\r\n')) {
        const request = asked.slice(0, end + 4);
        asked = asked.slice(end + 4);
        answer(request, socket);
      }
    });
    socket.on('end', () => socket.end());
  });
  return { to, got: () => got };
}
