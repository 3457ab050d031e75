/** Pure: from where a route leads to what is dialled, in order. Each candidate is still judged by may-dial. */
import type { Endpoint } from '../model/address.ts';
import type { Hostname } from '../model/hostname.ts';
import type { Target } from '../model/verdict.ts';
import { byWeight } from '../model/weight.ts';
import type { Resolution } from './resolve/resolution.ts';

/** The names that must be resolved before `dialPlan`. */
export function namesToResolve(targets: readonly Target[]): readonly Hostname[] {
  return [...new Set(targets.flatMap((target) => (target.kind === 'name' ? [target.name] : [])))];
}

/**
 * The chosen target first (weighted, by `random` in [0, 1)), the others behind it as fallbacks, heaviest first. A
 * weight of 0 gets nothing while another target has one (VirtualService and WorkloadEntry weights). A name stands for
 * its addresses in the resolver's order; a name without addresses adds nothing. Empty: there is no endpoint.
 */
export function dialPlan(
  targets: readonly Target[],
  resolutions: ReadonlyMap<Hostname, Resolution>,
  random: number,
): readonly Endpoint[] {
  const [only] = targets;
  if (only && targets.length === 1) return distinct(endpointsOf(only, resolutions)); // as most routes are
  const weighted = targets.filter((target) => target.weight > 0);
  const eligible = weighted.length > 0 ? weighted : targets;
  const first = byWeight(eligible, random);
  const rest = eligible.filter((target) => target !== first).toSorted((a, b) => b.weight - a.weight);
  const endpoints = (first ? [first, ...rest] : rest).flatMap((target) => endpointsOf(target, resolutions));
  return distinct(endpoints);
}

function endpointsOf(target: Target, resolutions: ReadonlyMap<Hostname, Resolution>): readonly Endpoint[] {
  if (target.kind !== 'name') return [target.endpoint];
  const resolution = resolutions.get(target.name);
  const ips = resolution?.kind === 'addresses' ? resolution.ips.slice(0, MOST_OF_A_NAME) : [];
  return ips.map((ip) => ({ ip, port: target.port }));
}

/** Whoever owns a name may list hundreds of addresses, and each costs every flow its share of time. */
const MOST_OF_A_NAME = 32;

function distinct(endpoints: readonly Endpoint[]): readonly Endpoint[] {
  return endpoints.filter(
    (endpoint, at) => endpoints.findIndex((other) => other.ip === endpoint.ip && other.port === endpoint.port) === at,
  );
}
