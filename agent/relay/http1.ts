import type { Failure } from '../model/failure.ts';
import { type AnswerHead, parseAnswerHead } from '../wire/http1-answer.ts';
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
  /** The upstream ended before its answer was whole; the client was sent what there was, then the end. */
  readonly cut: boolean;
};

/**
 * One request and its answer; then the connection ends: exactly the judged request leaves, and nothing behind it. The
 * answer's head is held until it is read, its body passes by its length, or watched by a copy that tells where it ends.
 * Begun before there is an upstream: what may leave waits for it. Ends early, with status 0, if the flow ends. A client
 * that ends is passed on as such: it has gone, or reads on; the upstream decides as it would without us.
 */
export async function exchangeHttp1(conversation: Conversation, request: RequestHead): Promise<Exchange> {
  const { body, headBytes } = request;
  conversation.forward(
    'client',
    headBytes + (body.kind === 'length' ? body.bytes : 0),
    body.kind === 'chunked' ? 'reached' : 'held',
  );
  void (body.kind === 'chunked' ? passChunkedRequest(conversation) : passClientEnd(conversation));
  let answerHeadBytes = 0;
  const told = (status: number, failure?: Failure, cut = false): Exchange => ({
    status,
    requestHeadBytes: request.headBytes,
    answerHeadBytes,
    failure,
    cut,
  });
  for (;;) {
    const answer = await nextAnswerHead(conversation, request.method);
    if (answer === 'gone') return told(0);
    if (answer === 'none') {
      conversation.close('rst');
      return told(0);
    }
    if (answer === 'bad' || (answer.head.status === 101 && request.upgrade.length === 0)) {
      conversation.close('rst');
      return told(0, BAD_ANSWER);
    }
    const { head } = answer;
    answerHeadBytes += head.headBytes;
    if (head.body.kind === 'tunnel') {
      conversation.forward('client', 'all', 'held');
      conversation.forward('upstream', 'all', 'held');
      return told(head.status);
    }
    if (!head.interim) {
      const passed = await passBody(conversation, answer);
      if (passed !== 'gone') conversation.close('fin');
      const { toClient } = await conversation.closedEvent;
      const short = head.body.kind === 'length' && toClient < answerHeadBytes + head.body.bytes;
      return told(head.status, undefined, passed === 'cut' || (passed === 'ended' && short));
    }
    conversation.forward('upstream', head.headBytes, 'reached');
    if (!(await conversation.gated('upstream'))) return told(0);
  }
}

/** A head, and how much of the answer is held so far, itself included. */
type HeldAnswer = { readonly head: AnswerHead; readonly heldBytes: number };

/**
 * Held until complete, so that an answer which cannot be read strictly never begins to reach the client. `none`: the
 * upstream ended without a word.
 */
async function nextAnswerHead(
  conversation: Conversation,
  requestMethod: string,
): Promise<HeldAnswer | 'bad' | 'none' | 'gone'> {
  for (let seen = 0; ; ) {
    const held = await conversation.inspect('upstream', seen, NO_LIMIT_MS);
    if (!held) return 'gone';
    const head = parseAnswerHead(held.bytes, { requestMethod });
    if (head.kind === 'head') return { head, heldBytes: held.bytes.length };
    if (held.ended && held.bytes.length === 0) return 'none';
    if (head.kind === 'bad' || held.ended || held.full) return 'bad';
    seen = held.bytes.length;
  }
}

/** `ended`: all of the answer that there is has been let go. `cut`: it lacks its last chunk. `gone`: the flow ended. */
type Passed = 'ended' | 'cut' | 'gone';

async function passBody(conversation: Conversation, { head, heldBytes }: HeldAnswer): Promise<Passed> {
  const { body, headBytes } = head;
  switch (body.kind) {
    case 'none':
      return passExactly(conversation, headBytes, heldBytes);
    case 'length':
      return passExactly(conversation, headBytes + body.bytes, heldBytes);
    case 'tunnel':
    case 'until-close':
      conversation.forward('upstream', 'all', 'reached');
      return (await conversation.gated('upstream')) ? 'ended' : 'gone';
    case 'chunked':
      if ((await passExactly(conversation, headBytes, 0)) === 'gone') return 'gone';
      return passChunkedAnswer(conversation);
  }
}

/** A small answer that is held whole needs no watching: it fits the client's send buffer, so closing loses none of it. */
async function passExactly(conversation: Conversation, bytes: number, heldBytes: number): Promise<Passed> {
  if (bytes <= heldBytes && bytes <= SMALL_ANSWER_BYTES) {
    conversation.forward('upstream', bytes, 'held');
    return 'ended';
  }
  conversation.forward('upstream', bytes, 'reached');
  return (await conversation.gated('upstream')) ? 'ended' : 'gone';
}

function passChunkedAnswer(conversation: Conversation): Promise<Passed> {
  let state = chunksStart();
  const complete = new Promise<Passed>((resolve) => {
    conversation.observeUpstream((bytes) => {
      const step = scanChunked(state, bytes);
      state = step.state;
      if (!step.done && step.bad === undefined) return;
      conversation.observeUpstream(undefined);
      if (step.bad !== undefined) conversation.close('rst');
      resolve(step.done ? 'ended' : 'gone');
    });
  });
  conversation.forward('upstream', 'all', 'reached');
  return Promise.race([complete, conversation.gated('upstream').then((gate) => (gate ? 'cut' : 'gone'))]);
}

/** When nothing but the client's end is left of its side. */
async function passClientEnd(conversation: Conversation): Promise<void> {
  const gate = await conversation.gated('client');
  if (gate?.ended && gate.bytes.length === 0) conversation.forward('client', 1, 'reached'); // no byte is left to pass
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
    conversation.forward('client', step.consumed, step.done ? 'held' : 'reached');
    if (step.done) return passClientEnd(conversation);
    if (!(await conversation.gated('client'))) return;
    state = step.state;
  }
}

/** Half of the least that Linux gives a socket to send from (tcp_wmem). */
const SMALL_ANSWER_BYTES = 8 * 1024;
const BAD_ANSWER: Failure = { code: 'bad-answer', httpStatus: 502, flag: 'UPE' };
/** One day: how long an origin may think is its own business (Istio's default is no route time-out). */
const NO_LIMIT_MS = 86_400_000;
