import { chunksStart, scanChunked, skipChunkData } from '../wire/http1-chunks.ts';
import type { RequestHead } from '../wire/http1-request.ts';
import type { Conversation } from './conversation.ts';

/** How far a request has left. */
export type RequestPassing = {
  /** Bytes of the client that had passed before its body. */
  readonly start: number;
  /** All of it has left, as far as is known. */
  sent: boolean;
  /** Milliseconds of performance.now() when it had. */
  sentAt: number;
  /** Of the body, chunk framing included, as far as is known. */
  bodyBytes: number;
  /** The client has ended behind it, which the upstream was told. */
  clientEnded: boolean;
  /** Its final answer has begun: a client that reads it need not send the rest. */
  answered: boolean;
  /**
   * Settles only if the body turns out to be no strict chunked body: nothing of it passes from there on. Rejects with
   * what was thrown while the request was let pass, a fault of ours.
   */
  readonly bad: Promise<'bad-body'>;
};

/**
 * Lets exactly this request pass, and nothing behind it: by its length, or chunk by chunk as they are read. A client that
 * ends behind it is passed on as such: it has gone, or reads on; the upstream decides as it would without us. `before`:
 * bytes of the client that had passed before it.
 */
export function passRequest(
  conversation: Conversation,
  { body, headBytes }: RequestHead,
  before: number,
): RequestPassing {
  const { promise, resolve, reject } = badBody();
  const start = before + headBytes;
  const passing: RequestPassing = {
    start,
    sent: false,
    sentAt: 0,
    bodyBytes: 0,
    clientEnded: false,
    answered: false,
    bad: promise,
  };
  switch (body.kind) {
    case 'none':
      conversation.forward('client', headBytes, 'held');
      sent(passing, 0);
      passClientEnd(conversation, passing).catch(reject);
      break;
    case 'length':
      // The largest lengths are not exact with a head on top, and nobody lives to see their end.
      conversation.forward('client', Math.min(headBytes + body.bytes, Number.MAX_SAFE_INTEGER), 'reached');
      passByLength(conversation, passing, body.bytes).catch(reject);
      break;
    case 'chunked':
      conversation.forward('client', headBytes, 'reached');
      passChunked(conversation, passing, () => resolve('bad-body')).catch(reject);
      break;
  }
  return passing;
}

/** A request that the mover let pass under a lease, at `sentAt` or not wholly yet. */
export function passedUnderLease(
  conversation: Conversation,
  { body, headBytes }: RequestHead,
  before: number,
  whole: boolean,
  sentAt: number,
): RequestPassing {
  const { promise, reject } = badBody();
  const bodyBytes = body.kind === 'length' ? body.bytes : 0;
  const start = before + headBytes;
  const passing: RequestPassing = {
    start,
    sent: whole,
    sentAt,
    bodyBytes,
    clientEnded: false,
    answered: false,
    bad: promise,
  };
  conversation.forward('client', 0, whole ? 'held' : 'reached');
  const left = whole ? passClientEnd(conversation, passing) : passByLength(conversation, passing, bodyBytes);
  left.catch(reject);
  return passing;
}

function badBody(): PromiseWithResolvers<'bad-body'> {
  const bad = Promise.withResolvers<'bad-body'>();
  bad.promise.catch(() => undefined); // whoever awaits the answer hears of it, if anybody still does
  return bad;
}

function sent(passing: RequestPassing, bodyBytes: number): void {
  passing.sent = true;
  passing.sentAt = performance.now();
  passing.bodyBytes = bodyBytes;
}

async function passByLength(conversation: Conversation, passing: RequestPassing, bodyBytes: number): Promise<void> {
  const gate = await conversation.gated('client');
  if (!gate) return;
  passing.bodyBytes = gate.passed - passing.start;
  if (passing.bodyBytes < bodyBytes) return leftInMidBody(conversation, passing);
  sent(passing, bodyBytes);
  conversation.forward('client', 0, 'held');
  await passClientEnd(conversation, passing);
}

async function passChunked(conversation: Conversation, passing: RequestPassing, tellBad: () => void): Promise<void> {
  let state = chunksStart();
  if (!(await conversation.gated('client'))) return;
  for (;;) {
    const held = await conversation.inspect('client', 0);
    if (!held || conversation.lostUpstream) return;
    const step = scanChunked(state, held.bytes);
    if (step.bad !== undefined) return tellBad();
    if (!step.done && held.ended) return leftInMidBody(conversation, passing);
    const rest = skipChunkData(step.state);
    const bytes = step.consumed + rest.bytes;
    state = rest.state;
    conversation.forward('client', bytes, step.done ? 'held' : 'reached');
    if (step.done) {
      sent(passing, held.passed + bytes - passing.start);
      return passClientEnd(conversation, passing);
    }
    const gate = await conversation.gated('client');
    if (!gate) return;
    passing.bodyBytes = gate.passed - passing.start;
  }
}

/** The rest will never come, so neither will an answer that is worth anything. */
function leftInMidBody(conversation: Conversation, { answered }: RequestPassing): void {
  if (!answered) conversation.close('rst');
}

/** When nothing but the client's end is left of its side. */
async function passClientEnd(conversation: Conversation, passing: RequestPassing): Promise<void> {
  const gate = await conversation.gated('client');
  if (!gate?.ended || gate.bytes.length > 0) return;
  passing.clientEnded = true;
  conversation.forward('client', 1, 'reached'); // no byte is left to pass
}
