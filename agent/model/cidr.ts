import { bytesOf, type Family, familyOf, type IpAddress, parseIp } from './address.ts';

/** A prefix with its host bits zero. A v4-mapped prefix of 96 bits or more is held as IPv4. */
export type Cidr = { readonly family: Family; readonly bytes: Uint8Array; readonly bits: number };

/** `198.18.0.0/15`, `2001:db8::/32`; a bare address is a host prefix. undefined for anything else. */
export function parseCidr(text: string): Cidr | undefined {
  const [address = '', length, ...more] = text.split('/');
  const ip = parseIp(address);
  if (!ip || more.length > 0) return undefined;
  const family = familyOf(ip);
  const width = family === 4 ? 32 : 128;
  if (length === undefined) return prefixOf(family, bytesOf(ip), width);
  if (!/^(0|[1-9][0-9]{0,2})$/.test(length)) return undefined;
  const mapped = family === 4 && address.includes(':');
  const bits = Number(length) - (mapped ? 96 : 0);
  return bits >= 0 && bits <= width ? prefixOf(family, bytesOf(ip), bits) : undefined;
}

export function cidrContains(cidr: Cidr, ip: IpAddress): boolean {
  if (familyOf(ip) !== cidr.family) return false;
  return sameBits(cidr.bytes, bytesOf(ip), cidr.bits);
}

function prefixOf(family: Family, bytes: Uint8Array, bits: number): Cidr {
  const masked = bytes.map((byte, at) => byte & maskOf(bits - at * 8));
  return { family, bytes: masked, bits };
}

function sameBits(a: Uint8Array, b: Uint8Array, bits: number): boolean {
  for (let at = 0; at * 8 < bits; at++) {
    const mask = maskOf(bits - at * 8);
    if (((a[at] ?? 0) & mask) !== ((b[at] ?? 0) & mask)) return false;
  }
  return true;
}

/** The mask of one byte of which the first `bits` count. */
function maskOf(bits: number): number {
  return bits >= 8 ? 0xff : bits <= 0 ? 0 : (0xff00 >> bits) & 0xff;
}
