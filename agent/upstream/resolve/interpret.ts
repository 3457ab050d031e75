/** Pure: what one reply says about one name. Follows aliases inside the reply; nothing here asks anything. */
import type { Answer } from 'dns-packet';
import { type IpAddress, parseIp } from '../../model/address.ts';
import { type Hostname, parseHostname } from '../../model/hostname.ts';
import type { AddressType, Answers, Reply } from './message.ts';
import type { FailedReason } from './resolution.ts';

export type Step =
  | { readonly kind: 'addresses'; readonly ips: readonly IpAddress[]; readonly ttl: number; readonly cnames: Names }
  /** The chain leaves the reply: `to` has to be asked. */
  | { readonly kind: 'alias'; readonly to: Hostname; readonly ttl: number; readonly cnames: Names }
  /** `ttl` in seconds as RFC 2308 §5 has it; undefined without an SOA: then it is hardly cacheable. */
  | { readonly kind: 'absent'; readonly because: 'nxdomain' | 'no-data'; readonly ttl: number | undefined }
  /** `not-understood`: FORMERR, NOTIMP or BADVERS, which old servers give to EDNS (RFC 6891 §7). */
  | { readonly kind: 'failed'; readonly because: FailedReason | 'not-understood' };
type Names = readonly Hostname[];

/** Links followed for one name, over all replies; unbound follows 11, glibc's and BIND's limits are of that order. */
export const MAX_ALIASES = 12;

const RCODE = { noError: 0, formErr: 1, nxDomain: 3, notImp: 4, refused: 5, badVers: 16 } as const;

/** `seen`: the aliases already followed to get to `name`. */
export function interpret(
  name: Hostname,
  type: AddressType,
  reply: Reply & { kind: 'records' },
  seen: readonly Hostname[],
): Step {
  const { rcode } = reply;
  if (rcode === RCODE.formErr || rcode === RCODE.notImp || rcode === RCODE.badVers) return failed('not-understood');
  if (rcode === RCODE.refused) return failed('refused');
  if (rcode !== RCODE.noError && rcode !== RCODE.nxDomain) return failed('servfail');

  const chain = followAliases(name, reply.answers, seen);
  if (!chain) return failed('bad-answer');
  const { end, cnames } = chain;
  const soaTtl = negativeTtl(reply.authorities);
  // With aliases the code speaks of the last name of the chain (RFC 6604 §3).
  if (rcode === RCODE.nxDomain) return { kind: 'absent', because: 'nxdomain', ttl: soaTtl };
  const records = reply.answers.filter((record) => owns(record, end) && record.type === type);
  const ips = records.map((record) => addressOf(record)).filter((ip) => ip !== undefined);
  if (ips.length > 0) {
    return { kind: 'addresses', ips, ttl: Math.min(chain.ttl, ...records.map((record) => ttlOf(record))), cnames };
  }
  if (records.length > 0) return failed('bad-answer');
  const leaves = end !== name && soaTtl === undefined;
  return leaves
    ? { kind: 'alias', to: end, ttl: chain.ttl, cnames }
    : { kind: 'absent', because: 'no-data', ttl: soaTtl };
}

function failed(because: FailedReason | 'not-understood'): Step {
  return { kind: 'failed', because };
}

type Chain = { readonly end: Hostname; readonly ttl: number; readonly cnames: Names };

/** undefined: a loop, too many links, or an alias that is no host name. */
function followAliases(name: Hostname, records: Answers, seen: Names): Chain | undefined {
  const cnames: Hostname[] = [];
  let end = name;
  let ttl = Number.POSITIVE_INFINITY;
  for (;;) {
    const alias = records.find((record) => record.type === 'CNAME' && owns(record, end));
    if (!alias) return { end, ttl, cnames };
    const next = alias.type === 'CNAME' ? parseHostname(alias.data) : undefined;
    if (!next || next === name || seen.includes(next) || cnames.includes(next)) return undefined;
    if (seen.length + cnames.length >= MAX_ALIASES) return undefined;
    cnames.push(next);
    ttl = Math.min(ttl, ttlOf(alias));
    end = next;
  }
}

function owns(record: Answer, name: Hostname): boolean {
  return record.type !== 'OPT' && record.class === 'IN' && record.name.toLowerCase() === name;
}

function addressOf(record: Answer): IpAddress | undefined {
  return record.type === 'A' || record.type === 'AAAA' ? parseIp(record.data) : undefined;
}

/** RFC 2308 §5: the smaller of the SOA's own TTL and its MINIMUM. */
function negativeTtl(authorities: Answers): number | undefined {
  const soa = authorities.find((record) => record.type === 'SOA');
  if (soa?.type !== 'SOA') return undefined;
  return Math.min(ttlOf(soa), soa.data.minimum ?? 0);
}

/** Seconds; a set top bit means 0 (RFC 2181 §8). */
function ttlOf(record: Answer): number {
  const ttl = record.type === 'OPT' ? 0 : (record.ttl ?? 0);
  return ttl > 0x7fff_ffff ? 0 : ttl;
}
