import type { Failure } from '../model/failure.ts';
import type { ClosedEvent } from '../model/mover.ts';
import type { Exchange } from '../relay/exchange.ts';
import type { OwnAnswer } from '../relay/refuse.ts';
import type { Ended } from './stages.ts';

/** A flow that carried no requests that we saw, or never came so far. */
export function flowEnded(
  closed: ClosedEvent,
  refusedWith: OwnAnswer | undefined,
  failure: Pick<Failure, 'flag'> | undefined,
): Ended {
  return {
    durationMs: (closed.atClosed - closed.atAccepted) / 1000,
    status: refusedWith?.status ?? 0,
    flag: failure ? flagOf(failure) : flowFlag(closed),
    bytesReceived: closed.toUpstream,
    bytesSent: Math.max(0, closed.toClient - (refusedWith?.headBytes ?? 0)),
    serviceMs: null,
  };
}

/** A request that was answered by its upstream, or whose upstream left it unanswered. */
export function requestEnded(exchange: Exchange, startedAt: number, closed: ClosedEvent | undefined): Ended {
  return {
    durationMs: Date.now() - startedAt,
    status: exchange.status,
    flag: exchangeFlag(exchange, closed),
    bytesReceived: exchange.requestBodyBytes,
    bytesSent: exchange.answerBodyBytes,
    serviceMs: exchange.serviceMs ?? null,
  };
}

/** A request that was answered by ourselves. */
export function refusalEnded(answer: OwnAnswer, startedAt: number, failure: Pick<Failure, 'flag'> | undefined): Ended {
  return {
    durationMs: Date.now() - startedAt,
    status: answer.status,
    flag: failure ? flagOf(failure) : null,
    bytesReceived: 0,
    bytesSent: answer.bodyBytes,
    serviceMs: null,
  };
}

function exchangeFlag({ failure, cut, follows }: Exchange, closed: ClosedEvent | undefined): string | null {
  if (failure) return flagOf(failure);
  if (cut) return 'UC';
  if (follows !== 'gone' || !closed) return null;
  return closedFlag(closed) ?? 'DC';
}

function flagOf({ flag }: Pick<Failure, 'flag'>): string | null {
  return flag === '-' ? null : flag;
}

/**
 * Envoy has DC for HTTP alone: a TLS client that has got what it wanted resets the connection as often as not, because it
 * does not read the server's last words.
 */
function flowFlag(closed: ClosedEvent): string | null {
  const flag = closedFlag(closed);
  return flag === 'DC' ? null : flag;
}

/** Of a connection that carried HTTP. */
export function closedFlag(closed: ClosedEvent): string | null {
  if (closed.cause === 'no-resources') return 'OM';
  if (closed.cause === 'half-close-timeout') return 'DT';
  if (closed.cause === 'reset') return closed.client === 'reset' || closed.client === 'error' ? 'DC' : 'UC';
  return null;
}
