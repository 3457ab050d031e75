import type { ClosedEvent, Side } from '../model/mover.ts';
import type { Conversation } from '../relay/conversation.ts';
import type { Exchange } from '../relay/exchange.ts';
import type { Asked } from './connect-target.ts';
import { closedFlag, flowEnded } from './ended.ts';
import { cutWhenRevoked, judgedBy, POLICY_CHANGED } from './rejudge.ts';
import type { JudgedRequest, Outcome, Stages } from './stages.ts';

/**
 * What follows a 101 passes as it comes, both ways, to the end of the connection; one access line tells of the request and
 * of all that followed. A new registry that no longer admits the request resets it; `revoked`: one came in before the 101.
 * `asked`: inside a tunnel, what that leads to.
 */
export async function passUpgraded(
  outcome: JudgedRequest & Outcome,
  exchange: Exchange,
  stages: Stages,
  revoked: boolean,
  asked: Asked | undefined,
): Promise<Outcome> {
  const { conversation } = outcome;
  const cut = cutWhenRevoked(outcome, () => judgedBy(outcome), stages, asked);
  if (revoked) conversation.close('rst');
  const { closed, ...bytes } = await passEverything(conversation);
  const failure = revoked ? POLICY_CHANGED : cut();
  const ended = { ...outcome, failure };
  stages.report(ended, {
    ...flowEnded(closed, undefined, failure),
    flag: failure ? null : closedFlag(closed),
    durationMs: Date.now() - outcome.startedAt,
    status: exchange.status,
    ...bytes,
    serviceMs: exchange.serviceMs ?? null,
  });
  return ended;
}

/**
 * Lets both sides pass to the end, and counts what passes from here on. An upstream that ended before anything of it was
 * let pass is the end as well.
 */
export async function passEverything(conversation: Conversation): Promise<{
  readonly closed: ClosedEvent;
  readonly bytesReceived: number;
  readonly bytesSent: number;
}> {
  const received = await passedBy(conversation, 'client');
  const sent = await passedBy(conversation, 'upstream');
  conversation.forward('client', 'all', 'held');
  conversation.forward('upstream', 'all', 'held');
  await conversation.upstreamGone();
  passLoss(conversation);
  const closed = await conversation.closedEvent;
  return {
    closed,
    bytesReceived: received === undefined ? 0 : closed.toUpstream - received,
    bytesSent: sent === undefined ? 0 : closed.toClient - sent,
  };
}

/** Ends the flow as its upstream ended, if that was lost. */
export function passLoss(conversation: Conversation): void {
  if (conversation.lostUpstream) conversation.close(conversation.lostUpstream.reset ? 'rst' : 'fin');
}

/** Bytes of this side that have passed since the flow began; undefined: the flow has ended. */
async function passedBy(conversation: Conversation, side: Side): Promise<number | undefined> {
  conversation.forward(side, 0, 'reached');
  return (await conversation.gated(side))?.passed;
}
