import type { Failure } from '../model/failure.ts';
import type { HeldEvent } from '../model/mover.ts';
import type { Allow, Route } from '../model/verdict.ts';
import { dialInOrder, type Upstream } from '../relay/dial.ts';
import { type Exchange, receiveAnswer, resumeAnswer } from '../relay/exchange.ts';
import { passedUnderLease, passRequest, type RequestPassing } from '../relay/request-body.ts';
import type { RequestHead } from '../wire/http1-request.ts';
import { candidatesOf } from './candidates.ts';
import { type Asked, targetOf } from './connect-target.ts';
import { dialling } from './dialling.ts';
import { flowEnded, requestEnded } from './ended.ts';
import { FirstLook } from './first-look.ts';
import { prepareRequest } from './forwarding.ts';
import { judge, NO_FIRST_BYTE } from './judge.ts';
import { leaseOf } from './lease.ts';
import { LeasedExchanges } from './leased-exchanges.ts';
import { failFlow, refuseFlow } from './refuse-flow.ts';
import { cutWhenRevoked, judgedBy, POLICY_CHANGED, stillAdmitted } from './rejudge.ts';
import { Revocation } from './revocation.ts';
import type { Identified, JudgedRequest, Outcome, Stages } from './stages.ts';
import { passEverything, passLoss, passUpgraded } from './tunnel.ts';

/** The upstream that a connection has now, and the route that led to it. */
export type Reached = { readonly upstream: Upstream; readonly cluster: string };

type Turn = { readonly judged: JudgedRequest; readonly look: FirstLook; readonly passing?: RequestPassing };

/**
 * The requests of one connection, one after the other: each is judged for itself, and what a client sends ahead stays
 * held until the answer before it is through. So a refusal comes behind the answers still owed, and another upstream is
 * dialled when nothing of the last one is under way.
 */
export class HttpSession {
  readonly #flow: Identified;
  readonly #stages: Stages;
  readonly #asked: Asked | undefined;
  #reached: Reached | undefined;
  /** The idle upstream's next bytes, asked for so that its end, or what nobody asked for, is noticed. */
  #idle: Promise<HeldEvent | undefined> | undefined;
  #current: JudgedRequest | undefined;
  /** Milliseconds of performance.now() at which the verdict in force here was reached. */
  #judgedAt = 0;
  #listening = false;
  /** Of the verdict on the request in hand, by a registry that came in since. */
  #revocation = new Revocation();

  /** `asked`: inside a tunnel, what it leads to; its upstream is then the only one. */
  constructor(flow: Identified, stages: Stages, asked?: Asked) {
    const { conversation, caller, startedAt, destination, client, asked: own, claim, source } = flow;
    // Not what is of its first request alone.
    this.#flow = { conversation, caller, startedAt, destination, client, asked: own, claim, source };
    this.#stages = stages;
    this.#asked = asked;
  }

  /** Resolves with what was reported last, or with the request whose verdict let that pass under a lease. */
  async run(first: JudgedRequest, look: FirstLook, reached?: Reached): Promise<Outcome> {
    this.#reached = reached;
    const { live } = this.#stages;
    live.follow(
      this.#flow.conversation,
      () => void this.#rejudge(),
      () => this.#stopWaiting(),
    );
    let next: Turn | Outcome = { judged: first, look };
    while ('judged' in next) next = await this.#turn(next);
    return next;
  }

  async #turn({ judged, look, passing }: Turn): Promise<Turn | Outcome> {
    const { verdict } = judged;
    if (verdict.kind === 'deny') return refuseFlow(judged, this.#stages);
    if (!passing) {
      this.#current = judged;
      this.#judgedAt = performance.now();
      this.#revocation = new Revocation();
      if (judged.generation !== this.#stages.registry().generation) void this.#rejudge();
    }
    const { head, request, requestId } = passing
      ? { head: look.head, request: judged.request, requestId: undefined }
      : prepareRequest(judged, look.head, this.#stages);
    const ended = await this.#exchange({ ...judged, verdict, request }, head, look.passed, passing);
    const outcome = { ...judged, upstream: ended.upstream, requestId };
    if (!ended.ok) return failFlow(outcome, ended.failure, look, this.#stages);
    return this.#after(outcome, look, ended.exchange);
  }

  async #after(outcome: JudgedRequest & Outcome, look: FirstLook, exchange: Exchange): Promise<Turn | Outcome> {
    const { conversation } = this.#flow;
    const { failure } = exchange;
    if (failure && exchange.status === 0) return failFlow(outcome, failure, look, this.#stages);
    if (exchange.follows === 'tunnel') return this.#tunnel(outcome, exchange);
    const closed = exchange.follows === 'gone' ? await conversation.closedEvent : undefined;
    this.#stages.report({ ...outcome, failure }, requestEnded(exchange, outcome.startedAt, closed));
    if (this.#revocation.came && exchange.follows === 'next') return this.#cut();
    if (exchange.follows === 'next' && !this.#stages.live.windingDown) return this.#next(outcome);
    conversation.close('fin');
    return outcome;
  }

  /** One request to its upstream, and its answer back. */
  async #exchange(judged: Allowed, head: Uint8Array, before: number, under?: RequestPassing): Promise<Exchanged> {
    const { conversation } = judged;
    const { route } = judged.verdict;
    const candidates = this.#asked ? undefined : await candidatesOf(route, judged, this.#stages);
    if (candidates?.ok === false) return { ok: false, failure: candidates.failure, upstream: undefined };
    const revocation = this.#revocation;
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

  /** An upstream that has ended as its client did was not wanted any longer; to any other client it owed an answer. */
  #unanswered(exchange: Exchange, { clientEnded }: RequestPassing, upstream: Upstream | undefined): Exchanged {
    if (!clientEnded) return { ok: false, failure: UPSTREAM_RESET, upstream };
    this.#flow.conversation.close('fin');
    return { ok: true, exchange: { ...exchange, follows: 'gone' }, upstream };
  }

  /** The idle upstream that leads where this route does, and has neither ended nor said anything. */
  #reusable(route: Route, endpoints: readonly Upstream['endpoint'][] | undefined): boolean {
    if (!this.#reached || this.#flow.conversation.lostUpstream) return false;
    if (!endpoints) return true; // a tunnel leads to one place only
    const { cluster, upstream } = this.#reached;
    const { ip, port } = upstream.endpoint;
    return cluster === route.cluster && endpoints.some((each) => each.ip === ip && each.port === port);
  }

  /** The next request: those that a lease covers pass without us, and are reported on the way. */
  async #next(outcome: JudgedRequest & Outcome): Promise<Turn | Outcome> {
    const { conversation } = this.#flow;
    const ageMs = performance.now() - this.#judgedAt;
    const wanted = this.#stages.lease && !this.#asked && !conversation.lostUpstream;
    const lease = wanted ? leaseOf(outcome, ageMs, conversation.epoch, this.#stages) : undefined;
    if (!lease) return this.#listen(outcome);
    const leased = new LeasedExchanges(outcome, this.#stages);
    const asked = await conversation.lease(lease, (event) => leased.take(event));
    const { open } = leased;
    if (conversation.over) return open ? leased.abandoned(open, await conversation.closedEvent) : outcome;
    if (!open) return this.#revocation.came ? this.#cut() : this.#listen(outcome);
    const look = new FirstLook(conversation, { bytes: open.head, ended: false, passed: open.passed });
    const requestSent = asked?.phase !== 'answer' || asked.requestSent;
    const passing = passedUnderLease(conversation, open.judged.request, open.passed, requestSent, open.passedAt);
    if (asked?.phase !== 'body' || !open.answer) return { judged: open.judged, look, passing };
    return this.#after(open.judged, look, await resumeAnswer(conversation, open.answer, asked));
  }

  async #listen(last: Outcome): Promise<Turn | Outcome> {
    const { conversation } = this.#flow;
    if (this.#stages.live.windingDown) {
      conversation.close('fin');
      return last;
    }
    this.#watchUpstream();
    const look = new FirstLook(conversation, undefined, 'request');
    this.#listening = true;
    const begun = await look.begins(IDLE_MS);
    this.#listening = false;
    if (begun === 'gone') return this.#revocation.came ? this.#cut() : last;
    if (begun === 'none') {
      conversation.close('fin');
      return last;
    }
    return this.#judgeNext(look);
  }

  async #judgeNext(look: FirstLook): Promise<Turn | Outcome> {
    const flow = { ...this.#flow, source: this.#stages.identify(this.#flow), startedAt: Date.now() };
    const step = await look.settle(this.#stages.firstByteTimeoutMs);
    if (step === 'gone') return this.#ended(flow, CLIENT_GONE);
    if (step === 'late') return failFlow(flow, NO_FIRST_BYTE, look, this.#stages);
    const judgement = await judge(flow, look, this.#stages, this.#asked);
    if (judgement.kind === 'gone') return this.#ended(flow, CLIENT_GONE);
    if (judgement.kind === 'failed') return failFlow(flow, judgement.failure, look, this.#stages);
    const { request } = judgement.flow;
    if (!request) throw new TypeError('judged without a request');
    return { judged: { ...judgement.flow, request }, look };
  }

  /** An upstream that says something while nothing is asked of it is not asked again. */
  #watchUpstream(): void {
    const { conversation } = this.#flow;
    if (!this.#reached || conversation.lostUpstream) return;
    const idle = conversation.inspect('upstream', 0);
    this.#idle = idle;
    void this.#distrustAfter(idle);
  }

  async #distrustAfter(idle: Promise<HeldEvent | undefined>): Promise<void> {
    await idle;
    if (this.#idle === idle) this.#reached = undefined;
  }

  /** What follows 101 passes as it comes; what follows a CONNECT is judged like a new flow to its target. */
  async #tunnel(outcome: JudgedRequest & Outcome, exchange: Exchange): Promise<Outcome> {
    const target = outcome.request.method === 'CONNECT' ? targetOf(outcome.request) : undefined;
    const asked = target && { ...target, through: { evidence: outcome.evidence, asked: this.#asked } };
    if (!asked) return passUpgraded(outcome, exchange, this.#stages, this.#revocation.came, this.#asked);
    this.#stages.report(outcome, requestEnded(exchange, outcome.startedAt, undefined));
    if (this.#revocation.came) return this.#cut('rst');
    const { conversation } = this.#flow;
    const { upstream } = outcome;
    const flow = { ...this.#flow, upstream, startedAt: Date.now() };
    const look = new FirstLook(conversation);
    const outer = cutWhenRevoked(outcome, () => outcome.evidence, this.#stages, this.#asked);
    const judgement = await Promise.race([judge(flow, look, this.#stages, asked), conversation.upstreamGone()]);
    if (!judgement && conversation.lostUpstream) {
      passLoss(conversation);
      return this.#ended(flow, UPSTREAM_RESET);
    }
    if (!judgement || judgement.kind === 'gone') return this.#ended(flow, outer() ?? CLIENT_GONE);
    if (judgement.kind === 'failed') return failFlow(flow, judgement.failure, look, this.#stages);
    const inner = { ...judgement.flow, upstream };
    const { verdict, request, evidence } = inner;
    if (verdict.kind === 'deny') return refuseFlow(inner, this.#stages);
    if (request && upstream) {
      const session = new HttpSession(flow, this.#stages, asked);
      return session.run({ ...inner, request }, look, { upstream, cluster: verdict.route.cluster });
    }
    const revoked = cutWhenRevoked(flow, () => evidence, this.#stages, asked);
    const { closed, ...bytes } = await passEverything(conversation);
    const ended = { ...inner, failure: revoked() };
    this.#stages.report(ended, { ...flowEnded(closed, undefined, ended.failure), ...bytes });
    return ended;
  }

  async #rejudge(): Promise<void> {
    const { conversation } = this.#flow;
    const current = this.#current;
    if (!current || (await stillAdmitted(current, judgedBy(current), this.#stages, this.#asked))) return;
    if (conversation.over || current !== this.#current) return;
    this.#revocation.come();
    this.#stopWaiting();
  }

  /** Ends the connection if no exchange is under way, else the session looks behind it. */
  #stopWaiting(): void {
    const { conversation } = this.#flow;
    if (this.#listening) conversation.close('fin');
    else conversation.endLease();
  }

  /** Nothing is owed any more: the connection ends, and its line says why. */
  async #cut(how: 'fin' | 'rst' = 'fin'): Promise<Outcome> {
    const { conversation } = this.#flow;
    conversation.close(how);
    return this.#ended(this.#flow, POLICY_CHANGED);
  }

  /** A line that is of no request: what the requests moved stands on their own. */
  async #ended(flow: Outcome, failure: Failure): Promise<Outcome> {
    const outcome = { ...flow, failure };
    const closed = await this.#flow.conversation.closedEvent;
    this.#stages.report(outcome, { ...flowEnded(closed, undefined, failure), bytesReceived: 0, bytesSent: 0 });
    return outcome;
  }
}

type Allowed = JudgedRequest & { readonly verdict: Allow };

type Exchanged =
  | { readonly ok: true; readonly exchange: Exchange; readonly upstream: Upstream | undefined }
  | { readonly ok: false; readonly failure: Failure; readonly upstream: Upstream | undefined };

/** RFC 9110 §9.2.2: asking twice is asking once. A body is gone with the upstream that was sent it. */
function isRepeatable({ method, body }: RequestHead): boolean {
  return IDEMPOTENT.has(method) && body.kind === 'none';
}

const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);
/** A request that has not left yet: nothing is owed. */
const REVOKED: Failure = { ...POLICY_CHANGED, httpStatus: 502 };
const UPSTREAM_RESET: Failure = { code: 'upstream-reset', httpStatus: 503, flag: 'UC' };
const CLIENT_GONE: Failure = { code: 'client-closed', httpStatus: undefined, flag: 'DC' };
/** Istio's default idle time-out of HTTP connections. */
const IDLE_MS = 3_600_000;
