import { isDeepStrictEqual } from 'node:util';
import { hostOf } from '../clients/egress-world.ts';
import type { Answer } from './ask.ts';
import type { Line } from './line.ts';
import { addressesOf, type Caller, filled, filledPattern, ipsOf } from './places.ts';
import type { AtHop, Value } from './schema.ts';

/** What differs from what was expected, a sentence each; empty: nothing. */
export type Differences = readonly string[];

export function differs(what: string, expected: unknown, came: unknown): Differences {
  if (isDeepStrictEqual(expected, came)) return [];
  return [`${what}: expected ${JSON.stringify(expected)}, came ${JSON.stringify(came) ?? 'nothing'}`];
}

export function lacks(what: string, patterns: readonly string[], came: string, caller: Caller): Differences {
  return patterns
    .filter((pattern) => !filledPattern(pattern, caller).test(came))
    .map((pattern) => `${what}: expected /${filledPattern(pattern, caller).source}/, came ${JSON.stringify(came)}`);
}

export function misses(what: string, value: Value, came: unknown, caller: Caller): Differences {
  return fits(value, came, caller)
    ? []
    : [`${what}: expected ${JSON.stringify(value)}, came ${JSON.stringify(came) ?? 'nothing'}`];
}

function fits(value: Value, came: unknown, caller: Caller): boolean {
  if (value === null || typeof value !== 'object') {
    return came === (typeof value === 'string' ? filled(value, caller) : value);
  }
  if ('matches' in value) return typeof came === 'string' && filledPattern(value.matches, caller).test(came);
  if ('is' in value) return typeof came === value.is;
  if ('ip' in value) return typeof came === 'string' && fittingIps(value.ip, caller).includes(came);
  const port = /:(\d+)$/.exec(String(came))?.[1];
  return (
    port !== undefined &&
    (value.port === undefined || value.port === Number(port)) &&
    fittingIps(value.endpoint, caller).includes(hostOf(came))
  );
}

/** The client has one address, by the family that it calls over; who dials on chooses between two. */
function fittingIps(place: string, caller: Caller): readonly string[] {
  return place === 'client' ? addressesOf(caller, place).map((pair) => pair[caller.of]) : ipsOf(caller, place);
}

/** The answer that a hop is expected to give. */
export function expectedAnswer({ verdict, reason, matched, line }: AtHop, came: Answer): Answer {
  const code = line.response_code;
  const cluster = line.upstream_cluster;
  return {
    verdict,
    reason,
    matched,
    via: verdict === 'deny' ? null : typeof cluster === 'string' ? viaOf(cluster) : came.via,
    status: verdict === 'allow' ? null : typeof code === 'number' ? code || null : came.status,
  };
}

/**
 * The same as an access line has it. What its format does not tell is as expected; a dial that failed is told by the line
 * alone, since decisions are about policy, not reachability.
 */
export function lineAnswer(line: Line, { verdict, reason, matched, failure }: AtHop): Answer {
  const told: Line = { verdict, reason, matched, ...line };
  const refused = told['verdict'] === 'deny';
  return {
    verdict: String(told['verdict']),
    reason: failure !== undefined && told['reason'] === failure ? reason : String(told['reason']),
    matched: Array.isArray(told['matched']) ? told['matched'].map(String) : [],
    via: refused ? null : viaOf(String(line['upstream_cluster'])),
    status: refused ? Number(line['response_code']) || null : null,
  };
}

/** A Service of the cluster is a gateway; everything else is dialled directly. */
function viaOf(cluster: string): 'direct' | 'gateway' {
  return cluster.endsWith('.svc.cluster.local') ? 'gateway' : 'direct';
}
