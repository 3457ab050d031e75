import type { Port } from './port.ts';

declare const ipAddress: unique symbol;

/**
 * An IP address in canonical text (RFC 5952; v4 dotted decimal), so that equality is `===` and it can be a Map's key.
 * A v4-mapped IPv6 address is never held: every constructor makes it the IPv4 address that it stands for.
 */
export type IpAddress = string & { readonly [ipAddress]: true };

export type Family = 4 | 6;
export const FAMILIES: readonly Family[] = [4, 6];

export type Endpoint = { readonly ip: IpAddress; readonly port: Port };

/** Strict text form, no zone, no leading zeros in v4 octets; undefined for anything else. */
export function parseIp(text: string): IpAddress | undefined {
  const v4 = v4Bytes(text);
  if (v4) return ipFromBytes(v4);
  const v6 = v6Bytes(text);
  return v6 && ipFromBytes(v6);
}

/** 4 or 16 bytes in network order. */
export function ipFromBytes(bytes: Uint8Array): IpAddress {
  if (bytes.length === 4) return `${bytes[0]}.${bytes[1]}.${bytes[2]}.${bytes[3]}` as IpAddress;
  if (bytes.length !== 16) throw new RangeError(`an address has 4 or 16 bytes, not ${bytes.length}`);
  return isV4Mapped(bytes) ? ipFromBytes(bytes.subarray(12)) : (v6Text(bytes) as IpAddress);
}

/** 4 or 16 bytes in network order; not to be changed by the caller. */
export function bytesOf(ip: IpAddress): Uint8Array {
  if (ip === lastRead.ip) return lastRead.bytes;
  const bytes = familyOf(ip) === 4 ? v4Bytes(ip) : v6Bytes(ip);
  if (!bytes) throw new TypeError(`not a canonical address: ${ip}`); // only a cast from outside could make one
  lastRead = { ip, bytes };
  return bytes;
}

/** One address is compared with many prefixes in a row: read once. */
let lastRead: { readonly ip: string; readonly bytes: Uint8Array } = { ip: '', bytes: new Uint8Array(0) };

export function familyOf(ip: IpAddress): Family {
  return ip.includes(':') ? 6 : 4;
}

/** `203.0.113.7:80`, `[2001:db8::7]:80` */
export function endpointText(endpoint: Endpoint): string {
  return familyOf(endpoint.ip) === 6 ? `[${endpoint.ip}]:${endpoint.port}` : `${endpoint.ip}:${endpoint.port}`;
}

function isV4Mapped(bytes: Uint8Array): boolean {
  return bytes[10] === 0xff && bytes[11] === 0xff && bytes.subarray(0, 10).every((byte) => byte === 0);
}

function v4Bytes(text: string): Uint8Array | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  const bytes = new Uint8Array(4);
  for (let at = 0; at < 4; at++) {
    const value = octet(parts[at] ?? '');
    if (value === undefined) return undefined;
    bytes[at] = value;
  }
  return bytes;
}

/** Decimal digits without a leading zero, which some readers take for octal. */
function octet(text: string): number | undefined {
  if (text.length === 0 || text.length > 3 || (text.length > 1 && text.charCodeAt(0) === DIGIT_0)) return undefined;
  let value = 0;
  for (let at = 0; at < text.length; at++) {
    const digit = text.charCodeAt(at) - DIGIT_0;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  return value <= 255 ? value : undefined;
}

const DIGIT_0 = 0x30;

/** RFC 4291 §2.2: up to eight groups, one `::`, the last 32 bits possibly dotted. */
function v6Bytes(text: string): Uint8Array | undefined {
  const halves = text.split('::');
  if (halves.length > 2 || !text.includes(':')) return undefined;
  const head = groups(halves[0] ?? '', halves.length === 1);
  const tail = halves.length === 2 ? groups(halves[1] ?? '', true) : [];
  if (!head || !tail) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const bytes = new Uint8Array(16);
  const all = [...head, ...Array<number>(missing).fill(0), ...tail];
  for (const [at, group] of all.entries()) {
    bytes[at * 2] = group >> 8;
    bytes[at * 2 + 1] = group & 0xff;
  }
  return bytes;
}

function groups(text: string, mayEndDotted: boolean): number[] | undefined {
  if (text === '') return [];
  const parts = text.split(':');
  const out: number[] = [];
  for (const [at, part] of parts.entries()) {
    if (mayEndDotted && at === parts.length - 1 && part.includes('.')) {
      const [a, b, c, d] = v4Bytes(part) ?? [];
      if (a === undefined || b === undefined || c === undefined || d === undefined) return undefined;
      out.push((a << 8) | b, (c << 8) | d);
    } else if (/^[0-9a-fA-F]{1,4}$/.test(part)) out.push(Number.parseInt(part, 16));
    else return undefined;
  }
  return out;
}

/** RFC 5952 §4: lower case, no leading zeros, the first longest run of two or more zero groups becomes `::`. */
function v6Text(bytes: Uint8Array): string {
  const words = Array.from({ length: 8 }, (_, at) => ((bytes[at * 2] ?? 0) << 8) | (bytes[at * 2 + 1] ?? 0));
  const zeros = longestZeroRun(words);
  const hex = (part: number[]) => part.map((word) => word.toString(16)).join(':');
  if (zeros.length < 2) return hex(words);
  return `${hex(words.slice(0, zeros.start))}::${hex(words.slice(zeros.start + zeros.length))}`;
}

function longestZeroRun(words: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < words.length; start++) {
    let length = 0;
    while (words[start + length] === 0) length++;
    if (length > best.length) best = { start, length };
  }
  return best;
}
