import { chunksStart, scanChunked, skipChunkData } from '../wire/http1-chunks.ts';
import type { RequestHead } from '../wire/http1-request.ts';
import type { Conversation } from './conversation.ts';

/** How far a request has left. */
export type RequestPassing = {
  /** All of it has left, as far as is known. */
  sent: boolean;
  /** Milliseconds of performance.now() when it had. */
  sentAt: number;
  /** Of the body, chunk framing included, as far as is known. */
  bodyBytes: number;
  /** Settles only if the body turns out to be no strict chunked body: nothing of it passes from there on. */
  readonly bad: Promise<'bad-body'>;
};

/**
 * Lets exactly this request pass, and nothing behind it: by its length, or chunk by chunk as they are read. A client that
 * ends behind it is passed on as such: it has gone, or reads on; the upstream decides as it would without us.
 */
export function passRequest(conversation: Conversation, { body, headBytes }: RequestHead): RequestPassing {
  const { promise, resolve } = Promise.withResolvers<'bad-body'>();
  const passing: RequestPassing = { sent: false, sentAt: 0, bodyBytes: 0, bad: promise };
  switch (body.kind) {
    case 'none':
      conversation.forward('client', headBytes, 'held');
      sent(passing, 0);
      void passClientEnd(conversation);
      break;
    case 'length':
      conversation.forward('client', headBytes + body.bytes, 'reached');
      void passByLength(conversation, passing, body.bytes);
      break;
    case 'chunked':
      conversation.forward('client', headBytes, 'reached');
      void passChunked(conversation, passing, () => resolve('bad-body'));
      break;
  }
  return passing;
}

/** A request that the mover let pass under a lease, at `sentAt` or not wholly yet. */
export function passedUnderLease(
  conversation: Conversation,
  { body }: RequestHead,
  whole: boolean,
  sentAt: number,
): RequestPassing {
  const bodyBytes = body.kind === 'length' ? body.bytes : 0;
  const passing: RequestPassing = { sent: whole, sentAt, bodyBytes, bad: new Promise(() => {}) };
  conversation.forward('client', 0, whole ? 'held' : 'reached');
  void (whole ? passClientEnd(conversation) : passByLength(conversation, passing, bodyBytes));
  return passing;
}

function sent(passing: RequestPassing, bodyBytes: number): void {
  passing.sent = true;
  passing.sentAt = performance.now();
  passing.bodyBytes = bodyBytes;
}

async function passByLength(conversation: Conversation, passing: RequestPassing, bodyBytes: number): Promise<void> {
  const gate = await conversation.gated('client');
  if (!gate) return;
  sent(passing, bodyBytes);
  conversation.forward('client', 0, 'held');
  await passClientEnd(conversation);
}

async function passChunked(conversation: Conversation, passing: RequestPassing, tellBad: () => void): Promise<void> {
  let state = chunksStart();
  if (!(await conversation.gated('client'))) return;
  for (;;) {
    const held = await conversation.inspect('client', 0, NO_LIMIT_MS);
    if (!held || conversation.lostUpstream) return;
    const step = scanChunked(state, held.bytes);
    if (step.bad !== undefined) return tellBad();
    if (!step.done && held.ended) return conversation.close('rst'); // it left in mid-body
    const rest = skipChunkData(step.state);
    const bytes = step.consumed + rest.bytes;
    passing.bodyBytes += bytes;
    state = rest.state;
    conversation.forward('client', bytes, step.done ? 'held' : 'reached');
    if (step.done) {
      sent(passing, passing.bodyBytes);
      return passClientEnd(conversation);
    }
    if (!(await conversation.gated('client'))) return;
  }
}

/** When nothing but the client's end is left of its side. */
async function passClientEnd(conversation: Conversation): Promise<void> {
  const gate = await conversation.gated('client');
  if (gate?.ended && gate.bytes.length === 0) conversation.forward('client', 1, 'reached'); // no byte is left to pass
}

/** One day: how long a peer may take is its own business (Istio's default is no route time-out). */
const NO_LIMIT_MS = 86_400_000;
