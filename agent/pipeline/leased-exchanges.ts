import type { ExchangeFacts } from '../log/record.ts';
import type { ClosedEvent, LeasedEvent } from '../model/mover.ts';
import type { BegunAnswer } from '../relay/exchange.ts';
import { textOf } from '../wire/ascii.ts';
import { readCanonicalRequest } from '../wire/http1-canonical.ts';
import { parseRequestHead } from '../wire/http1-request.ts';
import { accessRecord, forwardedFor } from './access-record.ts';
import { flowEnded } from './ended.ts';
import { newRequestId } from './request-id.ts';
import type { Ended, JudgedRequest, Outcome, Stages } from './stages.ts';

/** A request that was let pass, and of whose answer something is still to come. */
export type OpenExchange = {
  readonly judged: JudgedRequest & Outcome;
  /** As the client sent it. */
  readonly head: Uint8Array;
  /** Milliseconds of performance.now() when it was let pass. */
  readonly passedAt: number;
  /** Bytes of the client that had passed before it. */
  readonly passed: number;
  /** Its answer, if that has begun to pass. */
  readonly answer: BegunAnswer | undefined;
};

/**
 * What passes under one lease, reported request by request as the mover tells of it. Under load nearly every request
 * goes this way, and this is all that JavaScript does for one: a string of its head, a look through it for what the line
 * shows, and the line, in 1.5 µs, where heads parsed strictly and a record made anew took 12 (a whole request costs
 * haproxy 16). The mover has seen that the head is canonical; it is parsed only if the lease ends ahead of its answer.
 */
export class LeasedExchanges {
  readonly #judged: JudgedRequest & Outcome;
  readonly #stages: Stages;
  /** From the mover's clock to that of all other lines, milliseconds. */
  readonly #toEpochMs = Date.now() - performance.now() - MONOTONIC_OFFSET_MS;
  #report: ((exchange: ExchangeFacts) => void) | undefined;
  #request: LeasedRequest | undefined;
  #answer: LeasedAnswer | undefined;

  /** `judged`: the request whose verdict is that of all that follow. */
  constructor(judged: JudgedRequest & Outcome, stages: Stages) {
    this.#judged = judged;
    this.#stages = stages;
  }

  take(event: LeasedEvent): void {
    switch (event.kind) {
      case 'request': {
        const { head, bodyBytes, passed, at } = event;
        this.#request = { head: textOf(head, 0, head.length), bodyBytes, passed, at };
        this.#answer = undefined;
        return;
      }
      case 'answer':
        this.#answer = event;
        if (event.atEnd > 0) this.#end(event.atEnd, event.bodyBytes);
        return;
      case 'end':
        this.#end(event.at, event.bodyBytes);
        return;
    }
  }

  get open(): OpenExchange | undefined {
    if (!this.#request) return undefined;
    const { at, passed, bodyBytes } = this.#request;
    const answer = this.#answer && begun(this.#answer, bodyBytes);
    const head = new TextEncoder().encode(this.#request.head);
    const request = parseRequestHead(head);
    if (request.kind !== 'head') throw new TypeError('the mover let a request pass that is none');
    const { method, authority, path, headers } = request;
    const evidence = { kind: 'http', request: { method, authority, target: path, headers } } as const;
    const judged = { ...this.#judged, request, evidence, startedAt: this.#epochOf(at) };
    return { judged, head, passedAt: at / 1000 - MONOTONIC_OFFSET_MS, passed, answer };
  }

  /** The connection ended in the middle of the exchange that is open. */
  abandoned({ judged, head, passed, passedAt }: OpenExchange, closed: ClosedEvent): Outcome {
    const answer = this.#answer;
    this.#stages.report(judged, {
      durationMs: closed.atClosed / 1000 - MONOTONIC_OFFSET_MS - passedAt,
      status: answer?.status ?? 0,
      flag: flowEnded(closed, undefined, undefined).flag ?? (answer && endedFirst(closed) ? 'UC' : 'DC'),
      bytesReceived: Math.max(0, closed.toUpstream - passed - head.length),
      bytesSent: answer ? Math.max(0, closed.toClient - answer.bodyAt) : 0,
      serviceMs: answer ? serviceMs(answer) : null,
    });
    return judged;
  }

  #end(at: number, bodyBytes: number): void {
    const request = this.#request;
    const answer = this.#answer;
    if (!request || !answer) throw new TypeError('the mover tells of the end of no exchange');
    this.#request = undefined;
    const { method, target, userAgent, requestId, xForwardedFor, traceId } = readCanonicalRequest(request.head);
    this.#report ??= this.#stages.reportLeased({
      ...accessRecord(this.#judged, ANSWERED, this.#judged.generation),
      protocol: 'HTTP/1.1', // the one that was judged may have been of HTTP/1.0
    });
    this.#report({
      startTime: this.#epochOf(request.at),
      duration: Math.max(0, Math.round((at - request.at) / 1000)),
      method,
      path: target,
      responseCode: answer.status,
      bytesReceived: request.bodyBytes,
      bytesSent: bodyBytes,
      upstreamServiceTime: serviceMs(answer),
      userAgent,
      requestId: requestId ?? newRequestId(),
      xForwardedFor: forwardedFor(xForwardedFor, this.#judged.client.ip),
      traceId,
    });
  }

  #epochOf(at: number): number {
    return Math.round(at / 1000 + this.#toEpochMs);
  }
}

type LeasedRequest = Omit<LeasedEvent & { readonly kind: 'request' }, 'kind' | 'head'> & { readonly head: string };
type LeasedAnswer = LeasedEvent & { readonly kind: 'answer' };

function begun(answer: LeasedAnswer, requestBodyBytes: number): BegunAnswer {
  return { status: answer.status, serviceMs: serviceMs(answer), requestBodyBytes, bodyAt: answer.bodyAt };
}

function serviceMs({ atSent, atFirstByte }: LeasedAnswer): number {
  return Math.max(0, Math.floor((atFirstByte - atSent) / 1000));
}

/** The upstream, in the middle of an answer: what there was of it was passed on, and then its end. */
function endedFirst({ cause, upstream }: ClosedEvent): boolean {
  return cause === 'closed' && upstream === 'fin';
}

/** The same for all: what differs is told of each. */
const ANSWERED: Ended = { durationMs: 0, status: 0, flag: null, bytesReceived: 0, bytesSent: 0, serviceMs: null };

/** The mover counts CLOCK_MONOTONIC, as hrtime does; performance.now() is the same clock from another start. */
const MONOTONIC_OFFSET_MS = Number(process.hrtime.bigint()) / 1e6 - performance.now();
