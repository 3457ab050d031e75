import { bytesOf, type Endpoint, familyOf } from '../model/address.ts';
import { crc32c } from './crc32c.ts';
import {
  CHECKSUM_BYTES,
  HEAD_BYTES,
  isSound,
  PROXY,
  type Preamble,
  type PreambleWorkload,
  SIGNATURE,
  TCP_V4,
  TCP_V6,
  TLV,
  WORKLOAD_LAYOUT,
} from './proxy-v2.ts';

/**
 * The header, whole, for the bytes that readProxyV2 reads back. If one of the addresses is IPv6, both are written as
 * IPv6. Throws for a workload with a name that no Kubernetes object can have: the doors let none in.
 */
export function writeProxyV2({ source, destination, workload, serverName }: Preamble): Uint8Array {
  if (workload && !isSound(workload)) throw new RangeError('a workload with names that are none');
  const v4 = familyOf(source.ip) === 4 && familyOf(destination.ip) === 4;
  const rest = [
    ...addressBytes(source, v4),
    ...addressBytes(destination, v4),
    ...u16(source.port),
    ...u16(destination.port),
    ...tlv(TLV.checksum, new Uint8Array(CHECKSUM_BYTES)),
    ...(serverName === undefined ? [] : tlv(TLV.authority, ascii(serverName))),
    ...(workload ? tlv(TLV.workload, workloadBytes(workload)) : []),
  ];
  const header = Uint8Array.of(...SIGNATURE, PROXY, v4 ? TCP_V4 : TCP_V6, ...u16(rest.length), ...rest);
  const checksumAt = HEAD_BYTES + (v4 ? 12 : 36) + TLV_HEAD_BYTES;
  new DataView(header.buffer).setUint32(checksumAt, crc32c(header)); // computed with zeros in its place
  return header;
}

const TLV_HEAD_BYTES = 3;

/** 4 bytes, or 16, an IPv4 address v4-mapped (RFC 4291 §2.5.5.2). */
function addressBytes({ ip }: Endpoint, v4: boolean): readonly number[] {
  const own = [...bytesOf(ip)];
  return v4 || own.length === 16 ? own : [...MAPPED, ...own];
}

const MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

function workloadBytes({ namespace, name, serviceAccount = '' }: PreambleWorkload): readonly number[] {
  const texts = [namespace, name, serviceAccount].map(ascii);
  return [WORKLOAD_LAYOUT, ...texts.flatMap((text) => [text.length, ...text])];
}

function tlv(type: number, value: ArrayLike<number>): readonly number[] {
  return [type, ...u16(value.length), ...Array.from(value)];
}

function ascii(text: string): readonly number[] {
  return Array.from(text, (character) => character.charCodeAt(0));
}

function u16(value: number): readonly number[] {
  return [value >> 8, value & 0xff];
}
