import type { Failure } from '../model/failure.ts';
import type { AnswerHead } from '../wire/http1-answer.ts';
import { parseAnswerHead } from '../wire/http1-answer.ts';
import { chunksStart, scanChunked } from '../wire/http1-chunks.ts';
import type { RequestHead } from '../wire/http1-request.ts';
import type { Conversation } from './conversation.ts';

/** What one request and its answer came to. */
export type Exchange = {
  /** Status of the final answer that the client was sent; 0 if none came. */
  readonly status: number;
  readonly requestHeadBytes: number;
  /** Heads of the interim answers and of the final one. */
  readonly answerHeadBytes: number;
  /** Set if the answer was none: the connection was reset. */
  readonly failure: Failure | undefined;
};

/**
 * One request and its answer; then the connection ends: exactly the judged request leaves, and nothing behind it. The
 * answer's head is held until it is read, its body passes by its length, or watched by a copy that tells where it ends.
 * Begun before there is an upstream: what may leave waits for it. Ends early, with status 0, if the flow ends.
 */
export async function exchangeHttp1(conversation: Conversation, request: RequestHead): Promise<Exchange> {
  const { body, headBytes } = request;
  conversation.forward(
    'client',
    headBytes + (body.kind === 'length' ? body.bytes : 0),
    body.kind === 'chunked' ? 'reached' : 'held',
  );
  if (body.kind === 'chunked') void passChunkedRequest(conversation);
  let answerHeadBytes = 0;
  const told = (status: number, failure?: Failure): Exchange => ({
    status,
    requestHeadBytes: request.headBytes,
    answerHeadBytes,
    failure,
  });
  for (;;) {
    const head = await nextAnswerHead(conversation, request.method);
    if (head === 'gone') return told(0);
    if (head === 'bad' || (head.status === 101 && request.upgrade.length === 0)) {
      conversation.close('rst');
      return told(0, BAD_ANSWER);
    }
    answerHeadBytes += head.headBytes;
    if (head.body.kind === 'tunnel') {
      conversation.forward('client', 'all', 'held');
      conversation.forward('upstream', 'all', 'held');
      return told(head.status);
    }
    if (!head.interim) {
      if (await passBody(conversation, head)) conversation.close('fin');
      return told(head.status);
    }
    conversation.forward('upstream', head.headBytes, 'reached');
    if (!(await conversation.gated('upstream'))) return told(0);
  }
}

/** Held until complete, so that an answer which cannot be read strictly never begins to reach the client. */
async function nextAnswerHead(conversation: Conversation, requestMethod: string): Promise<AnswerHead | 'bad' | 'gone'> {
  for (let seen = 0; ; ) {
    const held = await conversation.inspect('upstream', seen, NO_LIMIT_MS);
    if (!held) return 'gone';
    const head = parseAnswerHead(held.bytes, { requestMethod });
    if (head.kind === 'head') return head;
    if (head.kind === 'bad' || held.ended || held.full) return 'bad';
    seen = held.bytes.length;
  }
}

/** True once the whole answer has reached the client; false if the flow ended before. */
async function passBody(conversation: Conversation, { body, headBytes }: AnswerHead): Promise<boolean> {
  switch (body.kind) {
    case 'none':
      conversation.forward('upstream', headBytes, 'reached');
      return (await conversation.gated('upstream')) !== undefined;
    case 'length':
      conversation.forward('upstream', headBytes + body.bytes, 'reached');
      return (await conversation.gated('upstream')) !== undefined;
    case 'tunnel':
    case 'until-close':
      conversation.forward('upstream', 'all', 'reached');
      return (await conversation.gated('upstream')) !== undefined;
    case 'chunked':
      conversation.forward('upstream', headBytes, 'reached');
      return (await conversation.gated('upstream')) !== undefined && passChunkedAnswer(conversation);
  }
}

function passChunkedAnswer(conversation: Conversation): Promise<boolean> {
  let state = chunksStart();
  const complete = new Promise<boolean>((resolve) => {
    conversation.observeUpstream((bytes) => {
      const step = scanChunked(state, bytes);
      state = step.state;
      if (!step.done && step.bad === undefined) return;
      conversation.observeUpstream(undefined);
      if (step.bad !== undefined) conversation.close('rst');
      resolve(step.done);
    });
    void conversation.closedEvent.then(() => resolve(false));
  });
  conversation.forward('upstream', 'all', 'held');
  return complete;
}

/** A request's chunks pass as they are read: the end of the body is the end of what may leave. */
async function passChunkedRequest(conversation: Conversation): Promise<void> {
  let state = chunksStart();
  if (!(await conversation.gated('client'))) return;
  for (;;) {
    const held = await conversation.inspect('client', 0, NO_LIMIT_MS);
    if (!held) return;
    const step = scanChunked(state, held.bytes);
    if (step.bad !== undefined || (!step.done && held.ended)) return conversation.close('rst');
    conversation.forward('client', step.consumed, 'reached');
    if (step.done || !(await conversation.gated('client'))) return;
    state = step.state;
  }
}

const BAD_ANSWER: Failure = { code: 'bad-answer', httpStatus: 502, flag: 'UPE' };
/** One day: how long an origin may think is its own business (Istio's default is no route time-out). */
const NO_LIMIT_MS = 86_400_000;
