/** Pure: what both families together say of a name, and for how long. */
import type { Hostname } from '../../model/hostname.ts';
import { interleaved } from './answer-order.ts';
import type { Entry } from './cache.ts';
import type { Found } from './lookup.ts';
import type { NoneReason, Resolution } from './resolution.ts';

/** Milliseconds. */
export type Lifetimes = {
  readonly floorMs: number;
  readonly ceilingMs: number;
  /** Upper bound for absences; a name that was just made must not stay unknown for an hour (RFC 2308 §5 allows 3 h). */
  readonly negativeCeilingMs: number;
  /** How long after its end an answer may stand in when servers fail (RFC 8767 §5). */
  readonly usableMs: number;
};

/** RFC 9520 §3.2: a failure is remembered at least 1 s. Not longer: the path comes back when the server does. */
const FAILURE_MS = 1_000;
/** One family answered, the other failed or is late: its question is repeated after this. */
const HALF_ANSWER_MS = 30_000;
/** Upper bound of "stale while refreshing"; below it, as long again as the TTL, so that a TTL of 0 is never stretched. */
const STALE_MS = 30_000;
/** RFC 8767 §5: after a failed refresh the stale answer stands this long before servers are asked again. */
const RECHECK_MS = 5_000;

/** `missing`: a family of which nothing is known yet. */
export function entryOf(found: readonly Found[], missing: boolean, now: number, lifetimes: Lifetimes): Entry {
  const known = found.filter((each) => each.kind === 'addresses');
  if (known.length === 0) return absence(found, now, lifetimes);
  const ttlMs = Math.min(...known.map((each) => each.ttl)) * 1000;
  const half = missing || found.some((each) => each.kind === 'failed');
  const freshMs = Math.min(Math.max(ttlMs, lifetimes.floorMs), lifetimes.ceilingMs, half ? HALF_ANSWER_MS : Infinity);
  const freshUntil = now + freshMs;
  return {
    resolution: {
      kind: 'addresses',
      ips: interleaved(known.flatMap((each) => each.ips)),
      cnames: [...new Set<Hostname>(known.flatMap((each) => each.cnames))],
    },
    freshUntil,
    staleUntil: freshUntil + Math.min(ttlMs, STALE_MS),
    usableUntil: freshUntil + lifetimes.usableMs,
  };
}

/** The old answer for a little longer, if the new one is only a failure and the old one may still be used. */
export function keptStale(old: Entry | undefined, fresh: Entry, now: number): Entry | undefined {
  if (old?.resolution.kind !== 'addresses' || now >= old.usableUntil || !isFailure(fresh.resolution)) return undefined;
  return { ...old, freshUntil: Math.min(now + RECHECK_MS, old.usableUntil) };
}

function isFailure(resolution: Resolution): boolean {
  return resolution.kind === 'none' && resolution.because !== 'nxdomain' && resolution.because !== 'no-data';
}

function absence(found: readonly Found[], now: number, lifetimes: Lifetimes): Entry {
  const because = reasonOf(found);
  const until = now + absenceMs(found, because, lifetimes);
  return { resolution: { kind: 'none', because }, freshUntil: until, staleUntil: until, usableUntil: until };
}

/** NXDOMAIN speaks of all types (RFC 8020); without it, a family that failed might have had addresses. */
function reasonOf(found: readonly Found[]): NoneReason {
  const reasons = found.flatMap((each) => (each.kind === 'addresses' ? [] : [each.because]));
  if (reasons.includes('nxdomain')) return 'nxdomain';
  return reasons.find((because) => because !== 'no-data') ?? 'no-data';
}

function absenceMs(found: readonly Found[], because: NoneReason, lifetimes: Lifetimes): number {
  const ttls = found.flatMap((each) => (each.kind === 'absent' && each.ttl !== undefined ? [each.ttl] : []));
  if ((because !== 'nxdomain' && because !== 'no-data') || ttls.length === 0) return FAILURE_MS;
  return Math.min(Math.max(Math.min(...ttls) * 1000, lifetimes.floorMs), lifetimes.negativeCeilingMs);
}
