import type { AskedEvent } from '../model/mover.ts';
import type { AnswerHead } from '../wire/http1-answer.ts';
import { type ChunkState, chunksBehindData, chunksStart, scanChunked, skipChunkData } from '../wire/http1-chunks.ts';
import type { Conversation } from './conversation.ts';

/** `cut`: the upstream ended before the body was whole. `bad`: it is no strict body. `gone`: the flow has ended. */
export type BodyPassed = { readonly end: 'whole' | 'cut' | 'bad' | 'gone'; readonly bodyBytes: number };

/**
 * Lets an answer pass whose head is held, and nothing behind it. `headBytes`: the head with what was put into it;
 * `heldBytes`: how much is held of the answer so far, head included.
 */
export async function passBody(
  conversation: Conversation,
  body: AnswerHead['body'],
  headBytes: number,
  heldBytes: number,
): Promise<BodyPassed> {
  switch (body.kind) {
    case 'none':
      return passExactly(conversation, headBytes, 0, heldBytes);
    case 'length':
      return passExactly(conversation, headBytes, body.bytes, heldBytes);
    case 'chunked':
      return passChunked(conversation, headBytes);
    case 'tunnel':
    case 'until-close':
      return passUntilClose(conversation, headBytes);
  }
}

/** A small answer that is held whole needs no watching: the mover sends it ahead of all that comes next, an end too. */
async function passExactly(
  conversation: Conversation,
  headBytes: number,
  bodyBytes: number,
  heldBytes: number,
): Promise<BodyPassed> {
  const bytes = headBytes + bodyBytes;
  if (bytes <= heldBytes && bytes <= SMALL_ANSWER_BYTES) {
    conversation.forward('upstream', bytes, 'held');
    return { end: 'whole', bodyBytes };
  }
  const head = await passHead(conversation, headBytes);
  if (head === undefined) return { end: 'gone', bodyBytes: 0 };
  conversation.forward('upstream', bodyBytes, 'reached');
  const came = await passedSince(conversation, head);
  if (came === bodyBytes) return { end: 'whole', bodyBytes };
  return { end: conversation.over ? 'gone' : 'cut', bodyBytes: came };
}

async function passUntilClose(conversation: Conversation, headBytes: number): Promise<BodyPassed> {
  const head = await passHead(conversation, headBytes);
  if (head === undefined) return { end: 'gone', bodyBytes: 0 };
  conversation.forward('upstream', 'all', 'reached');
  const came = await passedSince(conversation, head);
  if (conversation.lostUpstream?.reset) {
    conversation.close('rst'); // an end in order would make a whole answer of it
    return { end: 'cut', bodyBytes: came };
  }
  const whole = !conversation.over || (await conversation.closedEvent).cause === 'ended'; // the client had ended before
  return { end: whole ? 'whole' : 'gone', bodyBytes: came };
}

/** Total bytes towards the client once the head has left; undefined: the flow has ended. */
async function passHead(conversation: Conversation, headBytes: number): Promise<number | undefined> {
  conversation.forward('upstream', headBytes, 'reached');
  return (await conversation.gated('upstream'))?.passed;
}

/** Bytes towards the client since then; 0 if the upstream was lost meanwhile, of which nothing more had passed. */
async function passedSince(conversation: Conversation, total: number): Promise<number> {
  const gate = await conversation.gated('upstream');
  if (gate) return gate.passed - total;
  return conversation.over ? (await conversation.closedEvent).toClient - total : 0;
}

async function passChunked(conversation: Conversation, headBytes: number): Promise<BodyPassed> {
  const head = await passHead(conversation, headBytes);
  if (head === undefined) return { end: 'gone', bodyBytes: 0 };
  return passChunks(conversation, chunksStart(), head, head);
}

/**
 * Lets the rest of a chunked body pass that a lease could not read on. `bodyAt`: bytes towards the client ahead of the
 * body. Extensions are counted from here: what passed before had none.
 */
export function passRestOfChunks(
  conversation: Conversation,
  { at, bodyBytes }: AskedEvent & { readonly phase: 'body' },
  bodyAt: number,
): Promise<BodyPassed> {
  const state = at === 'size' ? chunksStart() : chunksBehindData();
  return passChunks(conversation, state, bodyAt, bodyAt + bodyBytes);
}

/** `head`, `before`: bytes towards the client ahead of the body, and so far. */
async function passChunks(
  conversation: Conversation,
  from: ChunkState,
  head: number,
  before: number,
): Promise<BodyPassed> {
  let state = from;
  let passed = before;
  for (;;) {
    const held = await conversation.inspect('upstream', 0);
    if (!held) return brokenOff(conversation, head, passed);
    const step = scanChunked(state, held.bytes);
    const rest = skipChunkData(step.state);
    if (step.bad !== undefined) return { end: 'bad', bodyBytes: passed - head };
    const bytes = step.consumed + rest.bytes;
    if (bytes === 0 && held.ended) return { end: 'cut', bodyBytes: passed - head };
    state = rest.state;
    const unwatched = step.done && bytes <= SMALL_ANSWER_BYTES;
    conversation.forward('upstream', bytes, unwatched ? 'held' : 'reached');
    if (unwatched) return { end: 'whole', bodyBytes: passed + bytes - head };
    const gate = await conversation.gated('upstream');
    if (!gate) return brokenOff(conversation, head, passed);
    passed = gate.passed;
    if (step.done) return { end: 'whole', bodyBytes: passed - head };
  }
}

/** The flow has ended, or its upstream was lost, of which nothing more had passed. */
async function brokenOff(conversation: Conversation, head: number, passed: number): Promise<BodyPassed> {
  if (!conversation.over) return { end: 'cut', bodyBytes: passed - head };
  const { toClient } = await conversation.closedEvent;
  return { end: 'gone', bodyBytes: toClient - head };
}

/** So much may be told as sent while it waits to leave: half of the least that a socket sends from (tcp_wmem). */
const SMALL_ANSWER_BYTES = 8 * 1024;
