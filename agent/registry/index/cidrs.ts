import { bytesOf, type Family, familyOf, type IpAddress } from '../../model/address.ts';
import type { Cidr } from '../../model/cidr.ts';

/** Values by prefix: a hash table for each prefix length in use, longest first, so a look-up costs one probe a length. */
export type CidrIndex<T> = { readonly [family in Family]: Lengths<T> };

type Lengths<T> = { bits: number; table: Map<string, T[]> }[];

export function cidrIndex<T>(): CidrIndex<T> {
  return { 4: [], 6: [] };
}

export function addCidr<T>(index: CidrIndex<T>, cidr: Cidr, value: T): void {
  const lengths = index[cidr.family];
  let length = lengths.find((each) => each.bits === cidr.bits);
  if (!length) {
    length = { bits: cidr.bits, table: new Map() };
    lengths.push(length);
    lengths.sort((a, b) => b.bits - a.bits);
  }
  const key = prefixKey(cidr.bytes, cidr.bits);
  const values = length.table.get(key);
  if (values) values.push(value);
  else length.table.set(key, [value]);
}

/** The longest prefix of which `choose` takes a value. */
export function findCidr<T>(
  index: CidrIndex<T>,
  ip: IpAddress,
  choose: (values: readonly T[]) => T | undefined,
): T | undefined {
  const lengths = index[familyOf(ip)];
  if (lengths.length === 0) return undefined;
  const bytes = bytesOf(ip);
  for (const { bits, table } of lengths) {
    const values = table.get(prefixKey(bytes, bits));
    const chosen = values && choose(values);
    if (chosen !== undefined) return chosen;
  }
  return undefined;
}

/** The first `bits` bits as text: one character a byte, the last one masked. */
function prefixKey(bytes: Uint8Array, bits: number): string {
  let key = '';
  for (let at = 0; at * 8 < bits; at++) {
    const kept = Math.min(8, bits - at * 8);
    key += String.fromCharCode((bytes[at] ?? 0) & (0xff00 >> kept) & 0xff);
  }
  return key;
}
