import type { Failure } from '../model/failure.ts';
import type { HeldEvent } from '../model/mover.ts';
import type { Allow, Route } from '../model/verdict.ts';
import type { Conversation } from '../relay/conversation.ts';
import { dialInOrder, type Upstream } from '../relay/dial.ts';
import { type Exchange, receiveAnswer } from '../relay/exchange.ts';
import { passRequest, type RequestPassing } from '../relay/request-body.ts';
import type { RequestHead } from '../wire/http1-request.ts';
import { candidatesOf } from './candidates.ts';
import { dialling } from './dialling.ts';
import { POLICY_CHANGED } from './rejudge.ts';
import type { Revocation } from './revocation.ts';
import type { JudgedRequest, Stages } from './stages.ts';

/** The upstream that a connection has now, and the route that led to it. */
export type Reached = { readonly upstream: Upstream; readonly cluster: string };

/** A request that was judged, and how it is to leave. */
export type Leaving = {
  readonly judged: JudgedRequest & { readonly verdict: Allow };
  /** The head as the upstream gets it: it stands ahead of what is held of the client. */
  readonly head: Uint8Array;
  /** Bytes of the client that had passed before it. */
  readonly before: number;
  /** It passes under a lease already, to the upstream of the request before it. */
  readonly passing: RequestPassing | undefined;
  /** Of the verdict that lets it leave. */
  readonly revocation: Revocation;
};

export type Exchanged =
  | { readonly ok: true; readonly exchange: Exchange; readonly upstream: Upstream | undefined }
  | { readonly ok: false; readonly failure: Failure; readonly upstream: Upstream | undefined };

/**
 * Where the requests of one HTTP connection go, one after the other: to the upstream that it has, as long as the route
 * leads there and it can be trusted to answer, else to another one that is dialled.
 */
export class KeptUpstream {
  readonly #conversation: Conversation;
  readonly #stages: Stages;
  /** Inside a tunnel there is one upstream only, and none is dialled. */
  readonly #inTunnel: boolean;
  #reached: Reached | undefined;
  /** The idle upstream's next bytes, asked for so that its end, or what nobody asked for, is noticed. */
  #idle: Promise<HeldEvent | undefined> | undefined;

  constructor(conversation: Conversation, stages: Stages, reached: Reached | undefined, inTunnel: boolean) {
    this.#conversation = conversation;
    this.#stages = stages;
    this.#reached = reached;
    this.#inTunnel = inTunnel;
  }

  /** One request to its upstream, and its answer back. One that went away unasked is replaced, where asking twice may be. */
  async exchange({ judged, head, before, passing: under, revocation }: Leaving): Promise<Exchanged> {
    const conversation = this.#conversation;
    const { route } = judged.verdict;
    const candidates = this.#inTunnel ? undefined : await candidatesOf(route, judged, this.#stages);
    if (candidates?.ok === false) return { ok: false, failure: candidates.failure, upstream: undefined };
    let passed = before;
    for (let passing = under, repeated = false; ; passing = undefined, repeated = true) {
      if (revocation.came && !passing) return { ok: false, failure: REVOKED, upstream: undefined };
      const reuse = !repeated && (under || this.#reusable(route, candidates?.endpoints)) ? this.#reached : undefined;
      if (!reuse && !candidates) return { ok: false, failure: UPSTREAM_RESET, upstream: this.#reached?.upstream };
      const first = reuse && !under ? this.#idle : undefined;
      this.#idle = undefined;
      // Dialled first, since a dial takes back what was let pass to the upstream before; both leave in one batch.
      const coming =
        reuse || !candidates
          ? undefined
          : dialInOrder(conversation, candidates.endpoints, dialling(judged, route, this.#stages));
      passing ??= passRequest(conversation, judged.request, passed);
      const { timeHeader } = this.#stages;
      const answering = receiveAnswer(conversation, judged.request, passing, { timeHeader, first });
      const dialled = await (coming && Promise.race([coming, revocation.awaited]));
      if (dialled === 'revoked') return { ok: false, failure: REVOKED, upstream: undefined };
      if (dialled?.kind === 'failed') {
        this.#reached = undefined;
        return { ok: false, failure: dialled.failure, upstream: { endpoint: dialled.tried, local: undefined } };
      }
      if (dialled?.kind === 'connected') this.#reached = { upstream: dialled.upstream, cluster: route.cluster };
      const exchange = await answering;
      const upstream = this.#reached?.upstream;
      if (exchange.follows !== 'lost') return { ok: true, exchange, upstream };
      this.#reached = undefined;
      const sent = (conversation.lostUpstream?.passed ?? passed) - passed;
      passed += sent;
      const again = sent === 0 || isRepeatable(judged.request);
      if (!reuse || !again) return this.#unanswered(exchange, passing, upstream);
      conversation.putBack('client', head.subarray(0, sent));
    }
  }

  /** While nothing is asked of it: an upstream that ends, or says something, is not asked again. */
  watch(): void {
    if (!this.#reached || this.#conversation.lostUpstream) return;
    const idle = this.#conversation.inspect('upstream', 0);
    this.#idle = idle;
    void this.#distrustAfter(idle);
  }

  async #distrustAfter(idle: Promise<HeldEvent | undefined>): Promise<void> {
    await idle;
    if (this.#idle === idle) this.#reached = undefined;
  }

  /** An upstream that has ended as its client did was not wanted any longer; to any other client it owed an answer. */
  #unanswered(exchange: Exchange, { clientEnded }: RequestPassing, upstream: Upstream | undefined): Exchanged {
    if (!clientEnded) return { ok: false, failure: UPSTREAM_RESET, upstream };
    this.#conversation.close('fin');
    return { ok: true, exchange: { ...exchange, follows: 'gone' }, upstream };
  }

  /** It leads where this route does, and has neither ended nor said anything. */
  #reusable(route: Route, endpoints: readonly Upstream['endpoint'][] | undefined): boolean {
    if (!this.#reached || this.#conversation.lostUpstream) return false;
    if (!endpoints) return true; // a tunnel leads to one place only
    const { cluster, upstream } = this.#reached;
    const { ip, port } = upstream.endpoint;
    return cluster === route.cluster && endpoints.some((each) => each.ip === ip && each.port === port);
  }
}

/** RFC 9110 §9.2.2: asking twice is asking once. A body is gone with the upstream that was sent it. */
function isRepeatable({ method, body }: RequestHead): boolean {
  return IDEMPOTENT.has(method) && body.kind === 'none';
}

const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);
/** A request that has not left yet: nothing is owed. */
const REVOKED: Failure = { ...POLICY_CHANGED, httpStatus: 502 };
/** It ended without a byte of what it owed. */
export const UPSTREAM_RESET: Failure = { code: 'upstream-reset', httpStatus: 503, flag: 'UC' };
