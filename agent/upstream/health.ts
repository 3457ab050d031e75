import { type Endpoint, endpointText } from '../model/address.ts';

/**
 * Passive health of what is dialled: an endpoint that could not be reached is left for last for a while, so that not every
 * flow has to find out again. None is ever left out altogether: where all of them failed, all are tried.
 */
export type EndpointHealth = {
  /** The same endpoints, those that failed lately behind the others; the order is kept within each. */
  readonly ordered: <T extends Endpoint>(endpoints: readonly [T, ...T[]]) => readonly [T, ...T[]];
  readonly reached: (endpoint: Endpoint) => void;
  readonly failed: (endpoint: Endpoint) => void;
};

/** `now`: milliseconds, monotonic. */
export function endpointHealth(now: () => number): EndpointHealth {
  const leftUntil = new Map<string, { readonly until: number; readonly times: number }>();
  const isLeft = (endpoint: Endpoint): boolean => (leftUntil.get(endpointText(endpoint))?.until ?? 0) > now();
  return {
    ordered: (endpoints) => {
      if (endpoints.length === 1 || leftUntil.size === 0) return endpoints;
      const [first, ...rest] = [...endpoints.filter((each) => !isLeft(each)), ...endpoints.filter(isLeft)];
      return first ? [first, ...rest] : endpoints;
    },
    reached: (endpoint) => {
      if (leftUntil.size > 0) leftUntil.delete(endpointText(endpoint));
    },
    failed: (endpoint) => {
      const key = endpointText(endpoint);
      const times = (leftUntil.get(key)?.times ?? 0) + 1;
      leftUntil.delete(key); // the newest stand last
      leftUntil.set(key, { until: now() + Math.min(EJECTED_MS * times, MOST_EJECTED_MS), times });
      const [oldest] = leftUntil.keys();
      if (leftUntil.size > MOST_REMEMBERED && oldest !== undefined) leftUntil.delete(oldest);
    },
  };
}

/** Grows with each failure in a row, as Envoy's base ejection time does. */
const EJECTED_MS = 5_000;
const MOST_EJECTED_MS = 30_000;
/** A workload chooses many of the addresses that are dialled for it. */
const MOST_REMEMBERED = 1_024;
