import type { Endpoint } from '../../../agent/model/address.ts';
import type { AcceptedEvent, AskedEvent, FlowHandler, FlowRef, Mover, Side } from '../../../agent/model/mover.ts';
import { type AnswerHead, parseAnswerHead } from '../../../agent/wire/http1-answer.ts';
import { parseRequestHead, type RequestHead } from '../../../agent/wire/http1-request.ts';
import { FIELD } from '../contender.ts';
import type { Exchange } from './exchange-record.ts';

export type Gate = {
  readonly mover: Mover;
  readonly host: string;
  /** Heads of answers are held, too, and get a field; else they pass as they are, with a copy. */
  readonly holdAnswers: boolean;
  /** Behind the first exchange requests of the same Host, method and target pass without asking, for a second. */
  readonly leases: boolean;
  /** Told once an answer's end is known. */
  readonly report: ((exchange: Exchange) => void) | undefined;
};

/**
 * A connection whose requests are judged one by one, in callbacks and with nothing between: a floor for what the relay
 * will cost. Knows bodies with a length only; anything else resets the flow, so that a run with it fails.
 */
export function gatedFlow(gate: Gate, flow: FlowRef, opening: AcceptedEvent): FlowHandler {
  const { mover, holdAnswers, report } = gate;
  const client = opening.peer;
  const destination: Endpoint | undefined = typeof opening.original === 'string' ? undefined : opening.original;
  let dialed = false;
  let resumed = false;
  let request: RequestHead | undefined;
  let startTime = 0;
  let began = 0;
  let answerLeft = 0;

  const reset = (): void => mover.close(flow, 'rst');

  onRequest(opening.bytes, opening.ended);
  return {
    gate: ({ side, bytes, ended }) => onHead(side, bytes, ended),
    held: ({ side, bytes, ended }) => onHead(side, bytes, ended),
    observed: ({ bytes }) => onObserved(bytes),
    dialed: ({ error }) => {
      if (error !== undefined) mover.respond(flow, UNREACHABLE);
    },
    lost: reset,
    leased: () => {}, // lines of leased requests are the agent's: contender `weir`
    asked: onAsked,
    closed: () => {},
  };

  function onHead(side: Side, bytes: Uint8Array, ended: boolean): void {
    if (side === 'client') onRequest(bytes, ended);
    else onAnswer(bytes, ended);
  }

  function onRequest(bytes: Uint8Array, ended: boolean): void {
    if (ended && bytes.length === 0) return mover.close(flow, 'fin');
    if (request || !destination) return reset();
    const head = parseRequestHead(bytes);
    if (head.kind === 'more') return mover.inspect(flow, 'client', bytes.length, HEAD_MS);
    if (head.kind !== 'head' || head.body.kind === 'chunked') return reset();
    if (!isAllowed(head)) return mover.respond(flow, REFUSED);
    request = head;
    if (report) startTime = Date.now();
    began = performance.now();
    mover.forward(flow, 'client', head.headBytes + (head.body.kind === 'length' ? head.body.bytes : 0), 'held');
    if (!dialed) dial(destination);
    else if (resumed) mover.inspect(flow, 'upstream', 0, ANSWER_MS); // the lease has dropped the gate
    resumed = false;
  }

  function isAllowed({ authority }: RequestHead): boolean {
    return authority?.host.kind === 'name' && authority.host.name === gate.host;
  }

  function dial(to: Endpoint): void {
    dialed = true;
    mover.dial(flow, { to, netns: undefined, preamble: NOTHING, timeoutMs: 5_000 });
    if (holdAnswers) return mover.inspect(flow, 'upstream', 0, ANSWER_MS);
    mover.observe(flow, 'upstream', true);
    mover.forward(flow, 'upstream', 'all', 'reached');
  }

  function onAnswer(bytes: Uint8Array, ended: boolean): void {
    if (ended && bytes.length === 0) return mover.close(flow, 'fin');
    if (!request) return reset();
    const head = parseAnswerHead(bytes, { requestMethod: request.method });
    if (head.kind === 'more') return mover.inspect(flow, 'upstream', bytes.length, ANSWER_MS);
    const length = bodyBytes(head);
    if (head.kind !== 'head' || length === undefined) return reset();
    const field = FIELD_LINE.encode(`${FIELD}: ${Math.round(performance.now() - began)}\r\n`);
    mover.edit(flow, 'upstream', bytes.indexOf(LF) + 1, 0, field);
    mover.forward(flow, 'upstream', head.headBytes + field.length + length, 'held');
    const { method, target } = request;
    answered(request, head.status, length);
    if (!gate.leases) return;
    const terms = { host: gate.host, method, target, timeHeader: FIELD };
    mover.lease(flow, { ...terms, epoch: mover.epoch(), validMs: LEASE_MS });
  }

  function onAsked({ phase }: AskedEvent): void {
    if (phase === 'answer') return reset();
    resumed = true;
    mover.inspect(flow, 'client', 0, HEAD_MS);
  }

  /** Pieces of the answers as they have passed; several may come in one, and one in several. */
  function onObserved(bytes: Uint8Array): void {
    if (answerLeft > 0) {
      answerLeft -= bytes.length;
      if (answerLeft < 0) reset();
      return;
    }
    if (!request) return reset();
    const head = parseAnswerHead(bytes, { requestMethod: request.method });
    const length = bodyBytes(head);
    if (head.kind !== 'head' || length === undefined) return reset();
    answerLeft = head.headBytes + length - bytes.length;
    if (answerLeft < 0) return reset();
    answered(request, head.status, length);
  }

  function answered(of: RequestHead, status: number, bodyBytes: number): void {
    request = undefined;
    if (!report || !destination) return;
    report({ request: of, startTime, began, status, answered: performance.now(), bodyBytes, client, destination });
  }
}

/** As `gatedFlow`, with nothing read and everything let pass. */
export function openFlow(mover: Mover, flow: FlowRef, opening: AcceptedEvent): FlowHandler {
  if (typeof opening.original === 'string') mover.close(flow, 'rst');
  else mover.dial(flow, { to: opening.original, netns: undefined, preamble: NOTHING, timeoutMs: 5_000 });
  mover.forward(flow, 'client', 'all', 'held');
  mover.forward(flow, 'upstream', 'all', 'held');
  const nothing = (): void => {};
  return {
    gate: nothing,
    held: nothing,
    observed: nothing,
    dialed: nothing,
    lost: nothing,
    leased: nothing,
    asked: nothing,
    closed: nothing,
  };
}

/** undefined: no length that this decider knows. */
function bodyBytes(head: { readonly kind: string } | AnswerHead): number | undefined {
  if (!('body' in head)) return undefined;
  if (head.body.kind === 'none') return 0;
  return head.body.kind === 'length' ? head.body.bytes : undefined;
}

const FIELD_LINE = new TextEncoder();
const LF = 10;
const NOTHING = new Uint8Array(0);
/** As long as the agent's. */
const LEASE_MS = 1_000;
const HEAD_MS = 10_000;
const ANSWER_MS = 60_000;
const REFUSED = new TextEncoder().encode('HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\nconnection: close\r\n\r\n');
const UNREACHABLE = new TextEncoder().encode(
  'HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n',
);
