import { type Endpoint, ipFromBytes } from '../model/address.ts';
import { type Hostname, parseHostname } from '../model/hostname.ts';
import { portOf } from '../model/port.ts';
import { asciiOf } from './ascii.ts';
import { crc32c } from './crc32c.ts';
import { Cursor } from './cursor.ts';
import {
  CHECKSUM_BYTES,
  HEAD_BYTES,
  isSound,
  PROXY,
  type Preamble,
  type PreambleWorkload,
  REST_CAP_BYTES,
  SIGNATURE,
  TCP_V4,
  TCP_V6,
  TLV,
  WORKLOAD_LAYOUT,
} from './proxy-v2.ts';

export type ProxyV2Result =
  /** `bytes`: length of the header; what the workload itself said begins there. */
  | { readonly kind: 'preamble'; readonly preamble: Preamble; readonly bytes: number }
  | { readonly kind: 'more' }
  /** Not the signature: some other protocol. */
  | { readonly kind: 'not-proxy' }
  /** `why`: our own words, nothing of the bytes. */
  | Bad;

type Bad = { readonly kind: 'bad'; readonly why: string };

/**
 * The PROXY v2 header at the start of `bytes`, as our own agents write it. The checksum is required: a damaged length
 * can cut a header off behind the addresses, where all that names the workload is gone and nothing else would show it.
 *
 * Contract: total; never throws; looks at no more than 16 + 2048 bytes; `more` only while the first 16 bytes, as far as
 * they are there, begin a header and not all of the length they tell is there; once it is not `more`, bytes behind never
 * change it.
 */
export function readProxyV2(bytes: Uint8Array): ProxyV2Result {
  const head = headOf(bytes);
  if (head.kind !== 'head') return head;
  const { addressBytes, length } = head;
  const header = bytes.subarray(0, length);
  const cursor = new Cursor(header.subarray(HEAD_BYTES));
  const ips = [cursor.take(addressBytes), cursor.take(addressBytes)];
  const [source, destination] = ips.map((ip) => endpointOf(ip, cursor.u16()));
  const tlvs = readTlvs(cursor);
  if ('kind' in tlvs) return tlvs;
  // The checksum first: a damaged header is to be called that, not after what the damage looks like.
  const checksum = tlvs.get(TLV.checksum);
  if (!checksum) return bad('no checksum');
  if (checksum.length !== CHECKSUM_BYTES || !matches(header, checksum)) return bad('the checksum does not match');
  if (!source || !destination) return bad('port 0');
  const authority = tlvs.get(TLV.authority);
  const serverName = authority && hostnameOf(authority);
  if (authority && serverName === undefined) return bad('the server name is no host name');
  const identity = tlvs.get(TLV.workload);
  const workload = identity && workloadOf(identity);
  if (typeof workload === 'string') return bad(workload);
  return { kind: 'preamble', preamble: { source, destination, workload, serverName }, bytes: length };
}

type Head = { readonly kind: 'head'; readonly addressBytes: 4 | 16; readonly length: number };

/** The first 16 bytes; each is judged as soon as it is there. */
function headOf(bytes: Uint8Array): Head | Exclude<ProxyV2Result, { kind: 'preamble' }> {
  const compared = Math.min(bytes.length, SIGNATURE.length);
  for (let at = 0; at < compared; at++) if (bytes[at] !== SIGNATURE[at]) return { kind: 'not-proxy' };
  const [command, family, high, low] = bytes.subarray(SIGNATURE.length, HEAD_BYTES);
  if (command === undefined) return MORE;
  if (command !== PROXY) return bad('not version 2 with command PROXY');
  if (family === undefined) return MORE;
  if (family !== TCP_V4 && family !== TCP_V6) return bad('not TCP over IPv4 or IPv6');
  if (high === undefined) return MORE;
  if (high > REST_CAP_BYTES >> 8) return bad(TOO_LONG);
  if (low === undefined) return MORE;
  const rest = (high << 8) | low;
  const addressBytes = family === TCP_V4 ? 4 : 16;
  if (rest > REST_CAP_BYTES) return bad(TOO_LONG);
  if (rest < 2 * addressBytes + 2 * PORT_BYTES) return bad('too short for its addresses');
  const length = HEAD_BYTES + rest;
  return bytes.length < length ? MORE : { kind: 'head', addressBytes, length };
}

const MORE = { kind: 'more' } as const;
const TOO_LONG = `longer than ${REST_CAP_BYTES} bytes`;
const PORT_BYTES = 2;

function bad(why: string): Bad {
  return { kind: 'bad', why };
}

function endpointOf(ip: Uint8Array, number: number): Endpoint | undefined {
  const port = portOf(number);
  return port && { ip: ipFromBytes(ip), port };
}

/** Those that we read. What another type says is nobody's business here, NOOP (4) and other checksums included. */
function readTlvs(cursor: Cursor): ReadonlyMap<number, Uint8Array> | Bad {
  const found = new Map<number, Uint8Array>();
  while (!cursor.ended) {
    const type = cursor.u8();
    const value = cursor.vector16();
    if (cursor.overrun) return bad('a TLV that does not end with the header');
    if (!READ_TYPES.has(type)) continue;
    if (found.has(type)) return bad('a TLV that is there twice');
    found.set(type, value);
  }
  return found;
}

const READ_TYPES: ReadonlySet<number> = new Set(Object.values(TLV));

/** Computed with zeros in place of the checksum. `checksum` is a view into `header`. */
function matches(header: Uint8Array, checksum: Uint8Array): boolean {
  const zeroed = new Uint8Array(header); // a copy, which slice() of a Buffer is not
  const at = checksum.byteOffset - header.byteOffset;
  zeroed.fill(0, at, at + checksum.length);
  const [a = 0, b = 0, c = 0, d = 0] = checksum;
  return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0 === crc32c(zeroed);
}

function hostnameOf(name: Uint8Array): Hostname | undefined {
  return parseHostname(asciiOf(name, 0, name.length));
}

/** Or what is wrong with it. */
function workloadOf(bytes: Uint8Array): PreambleWorkload | string {
  const cursor = new Cursor(bytes);
  if (cursor.u8() !== WORKLOAD_LAYOUT) return 'a workload in a layout that is not ours';
  const texts = [cursor.vector8(), cursor.vector8(), cursor.vector8()];
  if (cursor.overrun || !cursor.ended) return 'a workload that is not exactly three names';
  const [namespace = '', name = '', account = ''] = texts.map((text) => asciiOf(text, 0, text.length));
  const workload = { namespace, name, serviceAccount: account === '' ? undefined : account };
  return isSound(workload) ? workload : 'a workload with names that are none';
}
