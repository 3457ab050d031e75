import type { AccessRecord, ExchangeFacts } from '../log/record.ts';
import type { Endpoint } from '../model/address.ts';
import type { Evidence } from '../model/evidence.ts';
import type { Failure, FailureCode } from '../model/failure.ts';
import type { Hop } from '../model/flow.ts';
import type { HeldEvent } from '../model/mover.ts';
import type { Verdict } from '../model/verdict.ts';
import type { Source } from '../model/workload.ts';
import type { Registry } from '../registry/compile.ts';
import type { Conversation } from '../relay/conversation.ts';
import type { Upstream } from '../relay/dial.ts';
import type { OwnAnswer } from '../relay/refuse.ts';
import type { RequestHead } from '../wire/http1-request.ts';
import type { PreambleWorkload } from '../wire/proxy-v2.ts';
import type { Caller } from './caller.ts';
import type { CandidateOptions } from './candidates.ts';
import type { Asked } from './connect-target.ts';
import type { LiveFlows } from './live-flows.ts';

/** What the stages need of the world; everything that changes is asked for anew with each flow and request. */
export type Stages = CandidateOptions & {
  readonly hop: Hop;
  /** Where the flow goes and on whose behalf, as this hop can tell; or why that cannot be told. */
  readonly locate: (flow: Accepted) => Placing | Promise<Placing>;
  readonly sniffDeadlineMs: number;
  readonly firstByteTimeoutMs: number;
  /** Name of the field by which an answer tells how long its upstream took; undefined: none is added. */
  readonly timeHeader: string | undefined;
  /** Requests that a verdict covers may pass without asking. */
  readonly lease: boolean;
  /** What requests are told of who asks; nothing beside the workload, where the client's own words are enough. */
  readonly forward: { readonly clientAddress: boolean; readonly requestId: boolean };
  readonly registry: () => Registry;
  readonly identify: (flow: Located) => Source;
  readonly live: LiveFlows;
  /** One access line. */
  readonly report: (outcome: Outcome, ended: Ended) => void;
  /** The same for requests of which only this much is not in `record`, which is begun once for all of them. */
  readonly reportLeased: (record: AccessRecord) => (exchange: ExchangeFacts) => void;
  /** A fault of ours; the flow has been reset. */
  readonly crashed: (thrown: unknown) => void;
};

/** The record of one flow; each stage adds its fields, so a skipped stage does not compile. */
export type Accepted = {
  readonly conversation: Conversation;
  readonly caller: Caller;
  /** Milliseconds since 1970 of the accept, or of the first byte of a request that follows another. */
  readonly startedAt: number;
};

export type Located = Accepted & {
  /** Where the client dialled, as far as this hop sees it: the original destination, or the gateway's own address. */
  readonly destination: Endpoint;
  /** Who began the flow: the peer, or whom a gateway's peer speaks for. */
  readonly client: Endpoint;
  /** What policy is asked for. */
  readonly asked: Asked;
  /** Told by a gateway's peer. */
  readonly claim?: PreambleWorkload | undefined;
};

export type Placing =
  | {
      readonly ok: true;
      readonly located: Located;
      /** What the client has said so far. */
      readonly first: Pick<HeldEvent, 'bytes' | 'ended'>;
      /** The client may not say for whom it speaks. */
      readonly refuses?: 'preamble';
    }
  | { readonly ok: false; readonly code: FailureCode }
  /** The flow has ended meanwhile. */
  | { readonly ok: 'gone' };
export type Identified = Located & { readonly source: Source };

/** The flow with its verdict, and what the first bytes showed as far as they had to be looked at. */
export type Judged = Identified & {
  readonly verdict: Verdict;
  readonly evidence: Evidence;
  /** Present if the evidence is an HTTP/1 request. */
  readonly request: RequestHead | undefined;
  /** Generation of the registry that decided. */
  readonly generation: number;
};

export type JudgedRequest = Judged & { readonly request: RequestHead };

/** What the stages after the verdict add; every field tells of something that may not have come about. */
type Ending = {
  readonly failure?: Failure | undefined;
  readonly upstream?: Upstream | undefined;
  /** What was answered by ourselves. */
  readonly refusedWith?: OwnAnswer | undefined;
  /** What a flow that was admitted unheard has shown since. */
  readonly evidence?: Evidence;
  readonly request?: RequestHead | undefined;
  /** By which the request was passed on, if it brought none. */
  readonly requestId?: string | undefined;
};

/** All that an access line is made of: the flow or request as far as it came … */
export type Outcome = Accepted & Partial<Judged> & Ending;

/** … and how it ended. */
export type Ended = {
  readonly durationMs: number;
  /** Status of the answer that the client was sent; 0: none, or no HTTP. */
  readonly status: number;
  /** Envoy's response flag; null: none. */
  readonly flag: string | null;
  /** Bodies under HTTP, else all bytes. */
  readonly bytesReceived: number;
  readonly bytesSent: number;
  /** Milliseconds from the request sent to the first byte of its answer. */
  readonly serviceMs: number | null;
};
