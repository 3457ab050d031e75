/** What tests of the resolver have in common: two addresses, answers for whole zones, reading a resolution. */
import assert from 'node:assert/strict';
import { type Hostname, parseHostname } from '../../agent/model/hostname.ts';
import type { Resolution } from '../../agent/upstream/resolve/resolution.ts';
import { type Answering, addressRecord, type Content, type Query, reply } from './dns-server.ts';

export const V4 = '203.0.113.7';
export const V6 = '2001:db8::7';
export const RCODE = { servfail: 2, nxdomain: 3, refused: 5 } as const;

type Resolved = Resolution | Promise<Resolution>;

export function name(text: string): Hostname {
  const parsed = parseHostname(text);
  assert.ok(parsed);
  return parsed;
}

export function addresses(owner: string, ips: readonly string[], ttl = 60): NonNullable<Content['answers']> {
  return ips.map((ip) => addressRecord(owner, ip, ttl));
}

export function both(owner: string): Content {
  return { answers: addresses(owner, [V4, V6]) };
}

/** Only records of the type asked, as real servers do. */
export function answering(query: Query, ips: readonly string[], ttl = 60): Content {
  return { answers: addresses(query.name, ips, ttl).filter((record) => record.type === query.type) };
}

export function zone(names: Readonly<Record<string, Content>>): (query: Query) => readonly Answering[] {
  return (query) => {
    const content = names[query.name] ?? { rcode: RCODE.nxdomain };
    const fits = (type: string): boolean => type === query.type || type === 'CNAME';
    return [
      { message: reply(query, { ...content, answers: (content.answers ?? []).filter((each) => fits(each.type)) }) },
    ];
  };
}

export async function ipsOf(resolved: Resolved): Promise<readonly string[]> {
  const resolution = await resolved;
  assert.equal(resolution.kind, 'addresses');
  return resolution.kind === 'addresses' ? resolution.ips : [];
}

export function same(resolved: Resolved, ips: readonly string[]): boolean {
  if (resolved instanceof Promise || resolved.kind !== 'addresses') return false;
  return resolved.ips.length === ips.length && resolved.ips.every((ip, at) => ip === ips[at]);
}
