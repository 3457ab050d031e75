/** The agent's only way from a name to addresses: own DNS messages, never getaddrinfo. */
import type { Endpoint } from '../../model/address.ts';
import type { Hostname } from '../../model/hostname.ts';
import { boundedCache } from './cache.ts';
import { entryOf, keptStale, type Lifetimes } from './lifetime.ts';
import { type Found, lookup } from './lookup.ts';
import type { Resolution } from './resolution.ts';
import { serverOrder } from './servers.ts';

export type Resolver = {
  /**
   * A known answer comes at once, any other as a promise that never rejects. `asker` is whoever wants it: one asker may
   * not use up the questions under way (a workload chooses the names, and whose servers are silent).
   */
  readonly resolve: (name: Hostname, asker?: string) => Resolution | Promise<Resolution>;
  /** Ends every question under way; they and all later ones are answered `none`, `closed`. */
  readonly close: () => void;
};

export type ResolverOptions = {
  readonly servers: readonly Endpoint[];
  /** Milliseconds, monotonic; for the ages of answers only. */
  readonly now?: () => number;
  /** Told once per name and record type: `addresses`, or why there are none. */
  readonly observe?: (result: LookupResult) => void;
  /** For one name, everything included. Default 5000. */
  readonly totalMs?: number;
  /** For one question to one server. Default 1500. */
  readonly tryMs?: number;
  readonly lifetimes?: Partial<Lifetimes>;
  /** Names kept; default 10 000. */
  readonly capacity?: number;
  /** Names asked at the same time; two sockets each. Default 1000. */
  readonly maxInFlight?: number;
  /** Of these, for one asker. Default 200. */
  readonly maxInFlightOfOne?: number;
};
type LookupResult = 'addresses' | (Resolution & { kind: 'none' })['because'];

/** RFC 8305 §3: how long the slower family is waited for once the other has addresses. */
const RESOLUTION_DELAY_MS = 50;

export function createResolver(options: ResolverOptions): Resolver {
  const { servers, now = () => performance.now(), observe = () => undefined } = options;
  const { totalMs = 5_000, tryMs = 1_500, capacity = 10_000, maxInFlight = 1_000, maxInFlightOfOne = 200 } = options;
  const lifetimes = { floorMs: 1_000, ceilingMs: 3_600_000, negativeCeilingMs: 60_000, usableMs: 3_600_000 };
  Object.assign(lifetimes, options.lifetimes);
  const stop = new AbortController();
  const ask = { order: serverOrder(servers, now), totalMs, tryMs, signal: stop.signal };
  const cache = boundedCache(capacity);
  const inFlight = new Map<Hostname, Promise<Resolution>>();
  const inFlightOf = new Map<string, number>();

  return {
    resolve: (name, asker = NOBODY) => {
      if (stop.signal.aborted) return { kind: 'none', because: 'closed' };
      if (isLocalhost(name)) return { kind: 'none', because: 'nxdomain' };
      const entry = cache.get(name);
      const at = now();
      if (entry && at < entry.freshUntil) return entry.resolution;
      const coming = inFlight.get(name) ?? fetch(name, asker);
      return entry && at < entry.staleUntil ? entry.resolution : coming;
    },
    close: () => stop.abort(),
  };

  async function fetch(name: Hostname, asker: string): Promise<Resolution> {
    const own = inFlightOf.get(asker) ?? 0;
    if (inFlight.size >= maxInFlight || (asker !== NOBODY && own >= maxInFlightOfOne))
      return { kind: 'none', because: 'overloaded' };
    const { promise, resolve } = Promise.withResolvers<Resolution>();
    inFlight.set(name, promise);
    inFlightOf.set(asker, own + 1);
    const both = [lookup(name, 'AAAA', ask), lookup(name, 'A', ask)];
    gather(both, observe, (found) => {
      if (found.length === both.length) ended(name, asker);
      resolve(keep(name, found, found.length < both.length));
    });
    return promise;
  }

  function ended(name: Hostname, asker: string): void {
    inFlight.delete(name);
    const left = (inFlightOf.get(asker) ?? 1) - 1;
    if (left > 0) inFlightOf.set(asker, left);
    else inFlightOf.delete(asker);
  }

  function keep(name: Hostname, found: readonly Found[], missing: boolean): Resolution {
    const fresh = entryOf(found, missing, now(), lifetimes);
    const entry = keptStale(cache.get(name), fresh, now()) ?? fresh;
    if (!stop.signal.aborted) cache.set(name, entry);
    return entry.resolution;
  }
}

const NOBODY = '';

/** RFC 6761 §6.3: never asked of a server, and nothing a workload could be sent to. */
function isLocalhost(name: Hostname): boolean {
  return name === 'localhost' || name.endsWith('.localhost');
}

/** Tells what is found once when that is enough to go on with, and once more when it is all; in one if both coincide. */
function gather(
  lookups: readonly Promise<Found>[],
  observe: (result: LookupResult) => void,
  tell: (found: readonly Found[]) => void,
): void {
  const found: Found[] = [];
  let delay: NodeJS.Timeout | undefined;
  const add = async (one: Promise<Found>): Promise<void> => {
    const each = await one;
    observe(each.kind === 'addresses' ? each.kind : each.because);
    found.push(each);
    if (found.length === lookups.length) {
      clearTimeout(delay);
      tell(found);
    } else if (each.kind === 'addresses') {
      delay = setTimeout(() => tell([...found]), RESOLUTION_DELAY_MS);
    }
  };
  for (const one of lookups) void add(one);
}
