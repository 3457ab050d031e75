import type { Failure } from '../model/failure.ts';
import { type Exchange, resumeAnswer } from '../relay/exchange.ts';
import { passedUnderLease, type RequestPassing } from '../relay/request-body.ts';
import { type Asked, targetOf } from './connect-target.ts';
import { flowEnded, requestEnded } from './ended.ts';
import { FirstLook } from './first-look.ts';
import { prepareRequest } from './forwarding.ts';
import { judge, NO_FIRST_BYTE } from './judge.ts';
import { KeptUpstream, type Reached, UPSTREAM_RESET } from './kept-upstream.ts';
import { leaseOf } from './lease.ts';
import { LeasedExchanges } from './leased-exchanges.ts';
import { failFlow, refuseFlow } from './refuse-flow.ts';
import { cutWhenRevoked, judgedBy, orReset, POLICY_CHANGED, stillAdmitted } from './rejudge.ts';
import { Revocation } from './revocation.ts';
import type { Identified, JudgedRequest, Outcome, Stages } from './stages.ts';
import { passEverything, passLoss, passUpgraded } from './tunnel.ts';

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
  readonly #upstream: KeptUpstream;
  #current: JudgedRequest | undefined;
  /** Milliseconds of performance.now() at which the verdict in force here was reached. */
  #judgedAt = 0;
  #listening = false;
  /** Of the verdict on the request in hand, by a registry that came in since. */
  #revocation = new Revocation();

  /** `reached`: the upstream it has already. `asked`: inside a tunnel, what that leads to; there is no other upstream. */
  constructor(flow: Identified, stages: Stages, reached?: Reached, asked?: Asked) {
    const { conversation, caller, startedAt, destination, client, asked: own, claim, source } = flow;
    // Not what is of its first request alone.
    this.#flow = { conversation, caller, startedAt, destination, client, asked: own, claim, source };
    this.#stages = stages;
    this.#asked = asked;
    this.#upstream = new KeptUpstream(conversation, stages, reached, asked !== undefined);
  }

  /** Resolves with what was reported last, or with the request whose verdict let that pass under a lease. */
  async run(first: JudgedRequest, look: FirstLook): Promise<Outcome> {
    const { live } = this.#stages;
    live.follow(
      this.#flow.conversation,
      () => orReset(this.#rejudge(), this.#flow, this.#stages),
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
      if (judged.generation !== this.#stages.registry().generation) orReset(this.#rejudge(), this.#flow, this.#stages);
    }
    const { head, request, requestId } = passing
      ? { head: look.head, request: judged.request, requestId: undefined }
      : prepareRequest(judged, look.head, this.#stages);
    const leaving = { judged: { ...judged, verdict, request }, head, before: look.passed, passing };
    const ended = await this.#upstream.exchange({ ...leaving, revocation: this.#revocation });
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
    this.#upstream.watch();
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
      const reached = { upstream, cluster: verdict.route.cluster };
      return new HttpSession(flow, this.#stages, reached, asked).run({ ...inner, request }, look);
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

const CLIENT_GONE: Failure = { code: 'client-closed', httpStatus: undefined, flag: 'DC' };
/** Istio's default idle time-out of HTTP connections. */
const IDLE_MS = 3_600_000;
