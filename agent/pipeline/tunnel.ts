import type { Side } from '../model/mover.ts';
import type { Conversation } from '../relay/conversation.ts';
import type { Exchange } from '../relay/exchange.ts';
import { flowEnded } from './ended.ts';
import { upgradesBlindly } from './first-look.ts';
import { cutWhenRevoked } from './rejudge.ts';
import type { JudgedRequest, Outcome, Stages } from './stages.ts';

/**
 * What follows a 101 passes as it comes, both ways, to the end of the connection; one access line tells of the request and
 * of all that followed. A new registry that no longer admits the request resets it.
 */
export async function passUpgraded(
  outcome: JudgedRequest & Outcome,
  exchange: Exchange,
  stages: Stages,
): Promise<Outcome> {
  const { conversation, request, evidence } = outcome;
  const revoked = cutWhenRevoked(outcome, () => (upgradesBlindly(request) ? { kind: 'opaque' } : evidence), stages);
  const before = [await passedBy(conversation, 'client'), await passedBy(conversation, 'upstream')] as const;
  conversation.forward('client', 'all', 'held');
  conversation.forward('upstream', 'all', 'held');
  const closed = await conversation.closedEvent;
  const failure = revoked();
  const ended = { ...outcome, failure };
  stages.report(ended, {
    ...flowEnded(closed, undefined, failure),
    durationMs: Date.now() - outcome.startedAt,
    status: exchange.status,
    bytesReceived: Math.max(0, closed.toUpstream - (before[0] ?? closed.toUpstream)),
    bytesSent: Math.max(0, closed.toClient - (before[1] ?? closed.toClient)),
    serviceMs: exchange.serviceMs ?? null,
  });
  return ended;
}

/** Bytes of this side that have passed since the flow began; undefined: the flow has ended. */
async function passedBy(conversation: Conversation, side: Side): Promise<number | undefined> {
  conversation.forward(side, 0, 'reached');
  return (await conversation.gated(side))?.passed;
}
