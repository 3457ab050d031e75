import type { Failure } from '../model/failure.ts';
import type { AskedEvent, HeldEvent } from '../model/mover.ts';
import { type AnswerHead, parseAnswerHead } from '../wire/http1-answer.ts';
import type { RequestHead } from '../wire/http1-request.ts';
import { type BodyPassed, passBody, passRestOfChunks } from './answer-body.ts';
import type { Conversation } from './conversation.ts';
import type { RequestPassing } from './request-body.ts';

/** What one request and its answer came to. */
export type Exchange = {
  /** Status of the final answer that the client was sent; 0 if none came. */
  readonly status: number;
  /** Milliseconds from the request sent to the first byte of its final answer; undefined if none came. */
  readonly serviceMs: number | undefined;
  readonly requestBodyBytes: number;
  /** Body of the answer, chunk framing included, as far as it came. */
  readonly answerBodyBytes: number;
  /** Why there is no answer, or not all of it. Nothing of a final answer was passed on if `status` is 0. */
  readonly failure: Failure | undefined;
  /** The upstream ended before its answer was whole; the client was sent what there was. */
  readonly cut: boolean;
  /**
   * What can follow. `next`: another request on the same upstream. `close`: nothing. `tunnel`: another protocol, of which
   * nothing was let pass yet. `lost`: the upstream went away without a byte of the answer. `gone`: the flow has ended.
   */
  readonly follows: 'next' | 'close' | 'tunnel' | 'lost' | 'gone';
};

export type ExchangeOptions = {
  /** Put behind the status line with the milliseconds, if the answer has no such field; undefined: none. */
  readonly timeHeader: string | undefined;
  /** What an earlier question for the upstream's bytes will answer. */
  readonly first?: Promise<HeldEvent | undefined> | undefined;
};

/**
 * The answer to a request that is under way. Its head is held until it is read, so that one which cannot be read strictly
 * never begins to reach the client; the body passes by its length, or chunk by chunk as they are read.
 */
export async function receiveAnswer(
  conversation: Conversation,
  request: RequestHead,
  passing: RequestPassing,
  { timeHeader, first }: ExchangeOptions,
): Promise<Exchange> {
  const told: Told = async (over) => ({
    status: 0,
    serviceMs: undefined,
    requestBodyBytes: over.follows === 'gone' ? await bodyLeft(conversation, passing) : passing.bodyBytes,
    answerBodyBytes: 0,
    failure: undefined,
    cut: false,
    ...over,
  });
  for (let coming = first, begun = false; ; coming = undefined, begun = true) {
    const answer = await Promise.race([nextHead(conversation, request.method, coming), passing.bad]);
    if (answer === 'lost' && begun) return told({ failure: BROKEN_OFF, follows: 'close' });
    if (answer === 'gone' || answer === 'lost') return told({ follows: answer });
    if (answer === 'bad-body') return told({ failure: BAD_BODY, follows: 'close' });
    if (answer === 'bad' || !agreed(request, answer)) return told({ failure: BAD_ANSWER, follows: 'close' });
    if (!answer.head.interim) return finish(conversation, request, passing, answer, timeHeader, told);
    conversation.forward('upstream', interimBytes(answer, request.method), 'reached');
    if (await conversation.gated('upstream')) continue;
    return told(conversation.over ? { follows: 'gone' } : { failure: BROKEN_OFF, follows: 'close' });
  }
}

/** An answer whose head, and some of whose body, passed under a lease. */
export type BegunAnswer = Pick<Exchange, 'status' | 'serviceMs' | 'requestBodyBytes'> & {
  /** Bytes towards the client ahead of its body. */
  readonly bodyAt: number;
};

/** The rest of such an answer: its request had left, and both heads let another exchange follow. */
export async function resumeAnswer(
  conversation: Conversation,
  { bodyAt, ...begun }: BegunAnswer,
  asked: AskedEvent & { readonly phase: 'body' },
): Promise<Exchange> {
  return { ...begun, ...endOf(await passRestOfChunks(conversation, asked, bodyAt), true) };
}

type Told = (over: Partial<Exchange> & Pick<Exchange, 'follows'>) => Promise<Exchange>;

/** How much of the request's body had left when the flow ended. */
async function bodyLeft(conversation: Conversation, { start }: RequestPassing): Promise<number> {
  return Math.max(0, (await conversation.closedEvent).toUpstream - start);
}

/** A head, and all that is held of the answer so far, itself included. */
type HeldAnswer = { readonly head: AnswerHead; readonly held: Uint8Array };

/** Of all interim heads that are held whole: an origin may send thousands, and each question copies what is held. */
function interimBytes({ head, held }: HeldAnswer, requestMethod: string): number {
  let bytes = head.headBytes;
  for (;;) {
    const next = parseAnswerHead(held.subarray(bytes), { requestMethod });
    if (next.kind !== 'head' || !next.interim) return bytes;
    bytes += next.headBytes;
  }
}

async function nextHead(
  conversation: Conversation,
  requestMethod: string,
  coming: Promise<HeldEvent | undefined> | undefined,
): Promise<HeldAnswer | 'bad' | 'lost' | 'gone'> {
  for (let asked = coming, seen = 0; ; asked = undefined) {
    const held = await (asked ?? conversation.inspect('upstream', seen));
    if (!held) return conversation.over ? 'gone' : 'lost';
    const head = parseAnswerHead(held.bytes, { requestMethod });
    if (head.kind === 'head') return { head, held: held.bytes };
    if (head.kind === 'bad' || held.ended || held.full) return held.bytes.length === 0 ? 'lost' : 'bad';
    seen = held.bytes.length;
  }
}

/** RFC 9110 §15.2.2: 101 only to what was asked for. */
function agreed({ upgrade }: RequestHead, { head }: HeldAnswer): boolean {
  return head.status !== 101 || (head.upgrade.length > 0 && head.upgrade.every((each) => upgrade.includes(each)));
}

async function finish(
  conversation: Conversation,
  request: RequestHead,
  passing: RequestPassing,
  { head, held }: HeldAnswer,
  timeHeader: string | undefined,
  told: Told,
): Promise<Exchange> {
  const early = !passing.sent;
  passing.answered = true;
  const serviceMs = early ? 0 : Math.max(0, Math.floor(performance.now() - passing.sentAt));
  const field = timeField(head, timeHeader, serviceMs);
  if (field.length > 0) conversation.edit('upstream', head.fieldsAt, 0, field);
  const headBytes = head.headBytes + field.length;
  const { status } = head;
  if (head.body.kind === 'tunnel') {
    conversation.forward('upstream', headBytes, 'reached');
    const gate = await conversation.gated('upstream');
    const follows = gate ? 'tunnel' : conversation.over ? 'gone' : 'lost';
    return told({ status, serviceMs, follows });
  }
  const passed = await passBody(conversation, head.body, headBytes, held.length + field.length);
  const persists = !early && head.keepAlive && persistsFor(request, head);
  return told({ status, serviceMs, ...endOf(passed, persists) });
}

function endOf(
  { end, bodyBytes }: BodyPassed,
  persists: boolean,
): Pick<Exchange, 'answerBodyBytes' | 'failure' | 'cut' | 'follows'> {
  return {
    answerBodyBytes: bodyBytes,
    failure: end === 'bad' ? BAD_ANSWER : undefined,
    cut: end === 'cut',
    follows: end === 'gone' ? 'gone' : persists && end === 'whole' ? 'next' : 'close',
  };
}

const NOTHING = new Uint8Array(0);

function timeField(head: AnswerHead, name: string | undefined, ms: number): Uint8Array {
  if (name === undefined || head.headers.some(([each]) => each === name)) return NOTHING;
  return Buffer.from(`${name}: ${ms}\r\n`, 'latin1');
}

/** A client of HTTP/1.0 waits for the end of the connection unless the answer itself says otherwise (RFC 9112 §9.3). */
function persistsFor(request: RequestHead, { headers }: AnswerHead): boolean {
  if (!request.keepAlive) return false;
  return (
    request.version === '1.1' || headers.some(([name, value]) => name === 'connection' && /keep-alive/i.test(value))
  );
}

const BAD_ANSWER: Failure = { code: 'bad-answer', httpStatus: 502, flag: 'UPE' };
/** An interim answer came, and then nothing: the client has been answered to, so that the request is not sent again. */
const BROKEN_OFF: Failure = { code: 'upstream-reset', httpStatus: 503, flag: 'UC' };
const BAD_BODY: Failure = { code: 'bad-request', httpStatus: 400, flag: 'DPE' };
