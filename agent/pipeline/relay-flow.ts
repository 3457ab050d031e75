import type { Route } from '../model/verdict.ts';
import type { Conversation } from '../relay/conversation.ts';
import { dialInOrder, type Upstream } from '../relay/dial.ts';
import { candidatesOf } from './candidates.ts';
import { admitsTarget } from './connect-target.ts';
import { dialling } from './dialling.ts';
import { flowEnded } from './ended.ts';
import type { FirstLook } from './first-look.ts';
import { HttpSession } from './http-session.ts';
import { badRequestFailure } from './judge.ts';
import { failFlow, refuseFlow } from './refuse-flow.ts';
import { cutWhenRevoked } from './rejudge.ts';
import type { Judged, Outcome, Stages } from './stages.ts';

/**
 * Takes an admitted flow to its upstream and stays with it to its end. HTTP/1 goes request by request; all else passes as
 * it comes. A flow that was admitted before it said anything is dialled at once, so that a server which speaks first is
 * heard; what the client says then is looked at before it leaves.
 */
export async function relayFlow(flow: Judged, route: Route, look: FirstLook, stages: Stages): Promise<Outcome> {
  const { conversation } = flow;
  if (flow.request) return new HttpSession(flow, stages).run({ ...flow, request: flow.request }, look);
  const revoked = cutWhenRevoked(flow, () => evidenceOf(flow, look), stages);
  const settling = look.settled ? undefined : look.settleOnceHeard(stages.sniffDeadlineMs);
  const candidates = await candidatesOf(route, flow, stages);
  if (!candidates.ok) return failFlow(flow, candidates.failure, look, stages, settling);
  const coming = dialInOrder(conversation, candidates.endpoints, dialling(flow, route, stages));
  conversation.forward('upstream', 'all', 'held');
  if (!settling) conversation.forward('client', 'all', 'held');
  const heard = settling && passUnlessHttp(conversation, look, settling);
  const dialled = await coming;
  if (dialled.kind === 'failed') {
    const upstream = { endpoint: dialled.tried, local: undefined };
    return failFlow({ ...flow, upstream }, dialled.failure, look, stages, settling);
  }
  const upstream = dialled.kind === 'connected' ? dialled.upstream : undefined;
  await heard;
  if (look.bad) return failFlow({ ...flow, upstream }, badRequestFailure(look), look, stages);
  if (heard && look.request) return heardHttp(flow, route, look, upstream, stages);
  const closed = await conversation.closedEvent;
  const outcome = { ...flow, evidence: evidenceOf(flow, look), upstream, failure: revoked() };
  stages.report(outcome, flowEnded(closed, undefined, outcome.failure));
  return outcome;
}

/** A flow that was admitted whatever it says has begun to speak HTTP: the first request is admitted, later ones are judged. */
async function heardHttp(
  flow: Judged,
  route: Route,
  look: FirstLook,
  upstream: Upstream | undefined,
  stages: Stages,
): Promise<Outcome> {
  const { conversation } = flow;
  const { evidence, request } = look;
  conversation.forward('upstream', 0, 'held');
  if (!request) throw new TypeError('heard no request');
  const judged = { ...flow, evidence, request };
  if (request.method === 'CONNECT') {
    const target = admitsTarget(stages.registry(), stages.hop, flow.source, request);
    if (target.kind === 'deny') return refuseFlow({ ...judged, verdict: target }, stages);
  }
  const reached = upstream && { upstream, cluster: route.cluster };
  return new HttpSession(flow, stages, reached).run(judged, look);
}

async function passUnlessHttp(conversation: Conversation, look: FirstLook, settling: Promise<unknown>): Promise<void> {
  await settling;
  if (!look.request && !look.bad) conversation.forward('client', 'all', 'held');
}

/** What a flow showed only after it was admitted belongs on its access line all the same. */
function evidenceOf(flow: Judged, look: FirstLook): Judged['evidence'] {
  return look.settled ? look.evidence : flow.evidence;
}
