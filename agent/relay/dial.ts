import type { Endpoint } from '../model/address.ts';
import type { Failure, FailureCode } from '../model/failure.ts';
import type { Conversation } from './conversation.ts';

/** Whom a flow reached. */
export type Upstream = { readonly endpoint: Endpoint; readonly local: Endpoint | undefined };

export type Dialled =
  | { readonly kind: 'connected'; readonly upstream: Upstream }
  | { readonly kind: 'failed'; readonly failure: Failure; readonly tried: Endpoint }
  | { readonly kind: 'gone' };

export type DialOptions = {
  /** Sent ahead of all else. */
  readonly preamble?: Uint8Array | undefined;
  /** Told of each attempt. */
  readonly reached: (endpoint: Endpoint) => void;
  readonly failed: (endpoint: Endpoint) => void;
};

/**
 * Dials the candidates in order until one answers. What was let pass before goes out as soon as one does; nothing has
 * left when an attempt fails.
 */
export async function dialInOrder(
  conversation: Conversation,
  candidates: readonly [Endpoint, ...Endpoint[]],
  { preamble = NOTHING, reached, failed }: DialOptions,
): Promise<Dialled> {
  let last = { to: candidates[0], error: 'ETIMEDOUT' };
  const slow: Endpoint[] = [];
  for (const { to, timeoutMs } of turns(candidates.slice(0, MOST_FIRST_TURNS), slow)) {
    const dialed = await conversation.dial({ to, netns: undefined, preamble, timeoutMs });
    if (!dialed) return { kind: 'gone' };
    if (dialed.error === undefined) {
      reached(to);
      return { kind: 'connected', upstream: { endpoint: to, local: dialed.local } };
    }
    failed(to);
    if (dialed.error === 'ETIMEDOUT') slow.push(to);
    last = { to, error: dialed.error };
  }
  return { kind: 'failed', failure: failureOf(last.error), tried: last.to };
}

/**
 * With several candidates each first gets a short turn (in the spirit of RFC 8305 §5: a dead address must not hold up a
 * live one), then those that were only `slow` get the full time.
 */
function* turns(
  candidates: readonly Endpoint[],
  slow: readonly Endpoint[],
): Generator<{ to: Endpoint; timeoutMs: number }> {
  const alone = candidates.length === 1;
  for (const to of candidates) yield { to, timeoutMs: alone ? CONNECT_TIMEOUT_MS : FIRST_TURN_MS };
  if (alone) return;
  for (const to of slow.slice(0, MOST_SECOND_TURNS)) yield { to, timeoutMs: CONNECT_TIMEOUT_MS };
}

function failureOf(error: string): Failure {
  return { code: DIAL_CODES.get(error) ?? 'dial-unreachable', httpStatus: 503, flag: 'UF' };
}

const DIAL_CODES: ReadonlyMap<string, FailureCode> = new Map([
  ['ECONNREFUSED', 'dial-refused'],
  ['ECONNRESET', 'dial-refused'],
  ['ETIMEDOUT', 'dial-timeout'],
]);

/** Istio's default connectTimeout. */
const CONNECT_TIMEOUT_MS = 10_000;
const FIRST_TURN_MS = 300;
/** Whoever owns a name may list hundreds of addresses: one request must not knock at all of them. */
const MOST_FIRST_TURNS = 12;
const MOST_SECOND_TURNS = 2;
const NOTHING = new Uint8Array(0);
