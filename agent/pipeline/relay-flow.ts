import { setTimeout as after } from 'node:timers/promises';
import type { Failure, FailureCode } from '../model/failure.ts';
import type { Route } from '../model/verdict.ts';
import type { Conversation } from '../relay/conversation.ts';
import { dialInOrder } from '../relay/dial.ts';
import { type Exchange, exchangeHttp1 } from '../relay/http1.ts';
import { refusalForm, refuse } from '../relay/refuse.ts';
import type { RequestHead } from '../wire/http1-request.ts';
import { type CandidateOptions, candidatesOf } from './candidates.ts';
import { endsJudging, type FirstLook } from './first-look.ts';
import { badRequestFailure } from './judge.ts';
import { refusalText } from './refusal-text.ts';
import type { Ending, Identified, Judged } from './stages.ts';

export type RelayOptions = CandidateOptions & { readonly sniffDeadlineMs: number };

/**
 * Takes an admitted flow to its upstream and stays with it to its end. HTTP/1 goes as one request and its answer; all
 * else passes as it comes. A flow that was admitted before it said anything is dialled at once, so that a server which
 * speaks first is heard; what the client says then is looked at before it leaves.
 */
export async function relayFlow(flow: Judged, route: Route, look: FirstLook, options: RelayOptions): Promise<Ending> {
  const heard = look.settled;
  const ending = await dialAndPass(flow, route, look, options);
  // What a flow showed only after it was admitted belongs on its access line all the same.
  return heard || !look.settled ? ending : { ...ending, evidence: look.evidence, request: look.request };
}

async function dialAndPass(flow: Judged, route: Route, look: FirstLook, options: RelayOptions): Promise<Ending> {
  const { conversation } = flow;
  const settling = look.settled ? undefined : look.settleOnceHeard(options.sniffDeadlineMs);
  const candidates = await candidatesOf(route, flow.destination, options);
  if (!candidates.ok) return failFlow(flow, candidates.failure, look, settling, options);
  const exchanging = settling ? passLater(conversation, look, settling) : passNow(conversation, flow.request);
  const dialled = await dialInOrder(conversation, candidates.endpoints);
  if (dialled.kind === 'failed') {
    const upstream = { endpoint: dialled.tried, local: undefined };
    return { ...(await failFlow(flow, dialled.failure, look, settling, options)), upstream };
  }
  const exchange = await exchanging;
  const upstream = dialled.kind === 'connected' ? dialled.upstream : undefined;
  if (look.bad) return { ...(await failFlow(flow, badRequestFailure(look), look, undefined, options)), upstream };
  await conversation.closedEvent;
  return { exchange, failure: exchange?.failure, upstream };
}

/** Ends a flow that policy admits or that never got to policy; told to the client as far as its protocol can say it. */
export async function failFlow(
  flow: Identified,
  failure: Failure,
  look: FirstLook,
  settling: Promise<unknown> | undefined,
  { sniffDeadlineMs }: Pick<RelayOptions, 'sniffDeadlineMs'>,
): Promise<Ending> {
  if (settling) await Promise.race([settling, after(sniffDeadlineMs, undefined, { ref: false })]);
  const { evidence, request, bad } = look;
  const form = bad ? 'http' : refusalForm(evidence);
  // An alert speaks of policy; a TLS client whose upstream is not there sees the connection end, as it would without us.
  const speaks = form === 'http' || failure.code === 'address-forbidden';
  const text = refusalText(flow, evidence, failure.code, UNREACHED.has(failure.code) ? 'unreached' : 'refused');
  const refusal = { reason: failure.code, httpStatus: failure.httpStatus, text };
  const refusedWith = refuse(flow.conversation, speaks ? form : 'reset', request?.method, refusal);
  await flow.conversation.closedEvent;
  return { failure, refusedWith };
}

/** Policy admits the flow: `explain` would say so, and is not the place to look. */
const UNREACHED: ReadonlySet<FailureCode> = new Set([
  'resolve-failed',
  'no-endpoint',
  'dial-refused',
  'dial-unreachable',
  'dial-timeout',
]);

function passNow(conversation: Conversation, request: RequestHead | undefined): Promise<Exchange> | undefined {
  if (request) return exchangeHttp1(conversation, request);
  passEverything(conversation);
  return undefined;
}

/** The server is heard at once; the client once it has shown what it speaks. */
async function passLater(
  conversation: Conversation,
  look: FirstLook,
  settling: Promise<unknown>,
): Promise<Exchange | undefined> {
  conversation.forward('upstream', 'all', 'held');
  await settling;
  if (look.bad) return undefined;
  if (look.request && !endsJudging(look.request)) {
    conversation.forward('upstream', 0, 'held');
    return exchangeHttp1(conversation, look.request);
  }
  passEverything(conversation);
  return undefined;
}

function passEverything(conversation: Conversation): void {
  conversation.forward('client', 'all', 'held');
  conversation.forward('upstream', 'all', 'held');
}
