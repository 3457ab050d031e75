import type { IpAddress } from '../model/address.ts';
import type { Mover } from '../model/mover.ts';

/**
 * The addresses of every interface of the agent's own namespace. Read anew when older than FRESH_MS: an interface that
 * appears is then known before anyone could have learnt its address, and a busy agent does not read them with each dial.
 */
export function ownAddresses(mover: Pick<Mover, 'localAddresses'>, now: () => number): () => ReadonlySet<IpAddress> {
  let known: ReadonlySet<IpAddress> = new Set();
  let readAt = Number.NEGATIVE_INFINITY;
  return () => {
    if (now() - readAt > FRESH_MS) {
      known = new Set(mover.localAddresses());
      readAt = now();
    }
    return known;
  };
}

const FRESH_MS = 100;
