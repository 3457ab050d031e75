import type { ClosedEvent, LeasedEvent } from '../model/mover.ts';
import { type AnswerHead, parseAnswerHead } from '../wire/http1-answer.ts';
import { parseRequestHead } from '../wire/http1-request.ts';
import { flowEnded } from './ended.ts';
import type { Ended, JudgedRequest, Outcome, Stages } from './stages.ts';

/** A request that was let pass, and its answer as far as it has come. */
export type OpenExchange = {
  readonly judged: JudgedRequest & Outcome;
  /** As the client sent it. */
  readonly head: Uint8Array;
  /** Milliseconds of performance.now() when it was let pass. */
  readonly passedAt: number;
  /** Bytes of the client that had passed before it. */
  readonly passed: number;
  answer: { readonly head: AnswerHead; readonly serviceMs: number; readonly headBytes: number } | undefined;
};

/** What passes under one lease, reported request by request as the mover tells of it. */
export class LeasedExchanges {
  readonly #stages: Stages;
  #last: JudgedRequest & Outcome;
  #open: OpenExchange | undefined;

  /** `judged`: the request whose verdict is that of all that follow. */
  constructor(judged: JudgedRequest & Outcome, stages: Stages) {
    this.#last = judged;
    this.#stages = stages;
  }

  /** The last request that was reported. */
  get last(): JudgedRequest & Outcome {
    return this.#last;
  }

  get open(): OpenExchange | undefined {
    return this.#open;
  }

  take(event: LeasedEvent): void {
    switch (event.kind) {
      case 'request':
        this.#open = this.#begin(event.head.slice(), event.passed, event.at);
        return;
      case 'answer':
        this.#answered(event);
        return;
      case 'end':
        this.#end(event.at);
        return;
    }
  }

  /** The connection ended in the middle of an exchange; `toClient` of it is the best that is known of its body. */
  abandoned(open: OpenExchange, closed: ClosedEvent): Outcome {
    const { judged, answer } = open;
    const ended: Ended = {
      durationMs: Date.now() - judged.startedAt,
      status: answer?.head.status ?? 0,
      flag: flowEnded(closed, undefined, undefined).flag ?? 'DC',
      bytesReceived: Math.max(0, closed.toUpstream - open.passed - open.head.length),
      bytesSent: 0,
      serviceMs: answer?.serviceMs ?? null,
    };
    this.#stages.report(judged, ended);
    return judged;
  }

  #begin(head: Uint8Array, passed: number, at: number): OpenExchange {
    const request = parseRequestHead(head);
    if (request.kind !== 'head') throw new TypeError('the mover let a request pass that is none');
    const passedAt = at / 1000 - MONOTONIC_OFFSET_MS;
    const startedAt = Math.round(performance.timeOrigin + passedAt);
    const { method, authority, path, headers } = request;
    const evidence = { kind: 'http', request: { method, authority, target: path, headers } } as const;
    return { judged: { ...this.#last, request, evidence, startedAt }, head, passedAt, passed, answer: undefined };
  }

  #answered({ head: bytes, atSent, atFirstByte, atEnd }: LeasedEvent & { kind: 'answer' }): void {
    if (!this.#open) throw new TypeError('the mover tells of an answer to no request');
    const head = parseAnswerHead(bytes, { requestMethod: this.#open.judged.request.method });
    if (head.kind !== 'head') throw new TypeError('the mover let an answer pass that is none');
    const serviceMs = Math.max(0, Math.floor((atFirstByte - atSent) / 1000));
    this.#open.answer = { head, serviceMs, headBytes: bytes.length };
    if (atEnd > 0) this.#end(atEnd);
  }

  #end(at: number): void {
    const open = this.#open;
    if (!open?.answer) throw new TypeError('the mover tells of the end of no answer');
    const { judged, answer, passedAt } = open;
    this.#open = undefined;
    this.#last = judged;
    this.#stages.report(judged, {
      durationMs: at / 1000 - MONOTONIC_OFFSET_MS - passedAt,
      status: answer.head.status,
      flag: null,
      bytesReceived: bodyBytes(judged.request),
      bytesSent: bodyBytes(answer.head),
      serviceMs: answer.serviceMs,
    });
  }
}

function bodyBytes({ body }: { readonly body: JudgedRequest['request']['body'] | AnswerHead['body'] }): number {
  return body.kind === 'length' ? body.bytes : 0;
}

/** The mover counts CLOCK_MONOTONIC, as hrtime does; performance.now() is the same clock from another start. */
const MONOTONIC_OFFSET_MS = Number(process.hrtime.bigint()) / 1e6 - performance.now();
