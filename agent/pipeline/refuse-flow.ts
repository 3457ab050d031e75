import { setTimeout as after } from 'node:timers/promises';
import type { Failure, FailureCode } from '../model/failure.ts';
import { refusedAs } from '../registry/may-dial.ts';
import { refusalForm, refuse } from '../relay/refuse.ts';
import { flowEnded, refusalEnded } from './ended.ts';
import type { FirstLook } from './first-look.ts';
import { refusalText } from './refusal-text.ts';
import type { Identified, Judged, Outcome, Stages } from './stages.ts';

/** What policy denies, told in the form that the client understands; ends the flow. */
export async function refuseFlow(flow: Judged, stages: Stages): Promise<Outcome> {
  if (flow.verdict.kind !== 'deny') throw new TypeError('only a denial is a refusal');
  const { reason, httpStatus } = refusedAs(flow.verdict, flow.asked.destination.ip, stages.ownPlace());
  const text = refusalText(flow, flow.evidence, reason, stages.hop);
  const refusedWith = refuse(flow.conversation, refusalForm(flow.evidence), flow.request?.method, {
    reason,
    httpStatus,
    text,
  });
  return reportRefused({ ...flow, verdict: { ...flow.verdict, reason }, refusedWith }, stages);
}

/**
 * Ends what policy admits or what never got to policy; told to the client as far as its protocol can say it. `settling`:
 * what shows which protocol it is may still come, and is waited for shortly.
 */
export async function failFlow(
  flow: Identified & Outcome,
  failure: Failure,
  look: FirstLook,
  stages: Stages,
  settling?: Promise<unknown>,
): Promise<Outcome> {
  if (settling) await Promise.race([settling, after(stages.sniffDeadlineMs, undefined, { ref: false })]);
  const { evidence, request, bad } = look;
  const form = bad ? 'http' : refusalForm(evidence);
  // An alert speaks of policy; a TLS client whose upstream is not there sees the connection end, as it would without us.
  const speaks = form === 'http' || failure.code === 'address-forbidden';
  const because = UNREACHED.has(failure.code) ? 'unreached' : 'refused';
  const text = refusalText(flow, evidence, failure.code, stages.hop, because);
  const refusal = { reason: failure.code, httpStatus: failure.httpStatus, text };
  const refusedWith = refuse(flow.conversation, speaks ? form : 'reset', request?.method, refusal);
  return reportRefused({ ...flow, evidence, request, failure, refusedWith }, stages);
}

/** A request that was answered by ourselves is over at once; any other flow when its connection is. */
async function reportRefused(outcome: Outcome, stages: Stages): Promise<Outcome> {
  const { refusedWith, startedAt } = outcome;
  if (!refusedWith || refusedWith.status === 0) return reportClosed(outcome, stages);
  stages.report(outcome, refusalEnded(refusedWith, startedAt, flagged(outcome)));
  return outcome;
}

export async function reportClosed(outcome: Outcome, { report }: Stages): Promise<Outcome> {
  const closed = await outcome.conversation.closedEvent;
  report(outcome, flowEnded(closed, outcome.refusedWith, flagged(outcome)));
  return outcome;
}

/** Where the flag of the line comes from: what failed, or a denial that has one. */
function flagged({ failure, verdict }: Outcome): Pick<Failure, 'flag'> | undefined {
  if (failure) return failure;
  return verdict?.kind === 'deny' && verdict.flag !== undefined ? { flag: verdict.flag } : undefined;
}

/** Policy admits the flow: `explain` would say so, and is not the place to look. */
const UNREACHED: ReadonlySet<FailureCode> = new Set([
  'resolve-failed',
  'no-endpoint',
  'dial-refused',
  'dial-unreachable',
  'dial-timeout',
  'upstream-reset',
]);
