import type { Endpoint } from '../model/address.ts';
import type { Evidence } from '../model/evidence.ts';
import type { Failure } from '../model/failure.ts';
import type { Verdict } from '../model/verdict.ts';
import type { Source } from '../model/workload.ts';
import type { Conversation } from '../relay/conversation.ts';
import type { Upstream } from '../relay/dial.ts';
import type { Exchange } from '../relay/http1.ts';
import type { OwnAnswer } from '../relay/refuse.ts';
import type { RequestHead } from '../wire/http1-request.ts';

/** The record of one flow; each stage adds its fields, so a skipped stage does not compile. */
export type Accepted = {
  readonly conversation: Conversation;
  readonly enrolled: EnrolledNamespace;
  /** Milliseconds since 1970 of the accept. */
  readonly startedAt: number;
};

export type Located = Accepted & { readonly destination: Endpoint };
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

/** A network namespace whose connections this agent accepts, and the workload that it belongs to. */
export type EnrolledNamespace = {
  /** undefined: the agent's own. */
  readonly netns: string | undefined;
  readonly namespace: string;
  readonly pod: string;
};

/** What the stages after the verdict add; every field tells of something that may not have come about. */
export type Ending = {
  readonly failure?: Failure | undefined;
  readonly upstream?: Upstream | undefined;
  readonly exchange?: Exchange | undefined;
  /** What was answered by ourselves. */
  readonly refusedWith?: OwnAnswer | undefined;
  /** What a flow that was admitted unheard has shown since. */
  readonly evidence?: Evidence;
  readonly request?: RequestHead | undefined;
};

/** All that the access line is made of: the flow as far as it came, and how it ended. */
export type Outcome = Accepted & Partial<Judged> & Ending;
