import type { Endpoint } from '../../../../agent/model/address.ts';
import { parseHostname } from '../../../../agent/model/hostname.ts';
import { crc32c } from '../../../../agent/wire/crc32c.ts';
import type { Preamble } from '../../../../agent/wire/proxy-v2.ts';
import { endpoint } from '../../../support/access-record.ts';
import { ascii, concat } from './settling.ts';

/** What each file of test/fixtures/proxy-v2 says. */
const CLIENT: Endpoint = endpoint('198.18.0.140', 47942);
const ALIYUN = parseHostname('aliyun.com');
const BARE = { workload: undefined, serverName: undefined };

export const GOLDEN: Readonly<Record<string, Preamble>> = {
  'v4.bin': { ...BARE, source: CLIENT, destination: endpoint('203.0.113.80', 80) },
  'v6.bin': { ...BARE, source: endpoint('2001:db8::140', 47942), destination: endpoint('2001:db8:1::443', 443) },
  'workload-and-server-name.bin': {
    source: CLIENT,
    destination: endpoint('203.0.113.80', 443),
    workload: { namespace: 'shop', name: 'sleep', serviceAccount: 'default' },
    serverName: ALIYUN,
  },
  'mixed-families.bin': {
    source: CLIENT,
    destination: endpoint('2001:db8:1::443', 443),
    workload: { namespace: 'shop', name: 'sleep', serviceAccount: undefined },
    serverName: undefined,
  },
};

/** Parts of a hand-built header; what is left out is ordinary. */
export type HeaderParts = {
  readonly command?: number;
  readonly family?: number;
  /** Addresses and ports. */
  readonly addresses?: Uint8Array;
  /** Instead of the length that the parts have. */
  readonly length?: number;
  /** Ahead of these a true checksum, unless it is `none`. */
  readonly tlvs?: readonly Uint8Array[];
  readonly checksum?: 'true' | 'none';
};

const SIGNATURE = concat(ascii('\r\n\r\n'), Uint8Array.of(0), ascii('\r\nQUIT\n'));
const V4 = Uint8Array.of(198, 18, 0, 140, 203, 0, 113, 80, 0xbb, 0x46, 0, 80);

export function header(parts: HeaderParts = {}): Uint8Array {
  const { command = 0x21, family = 0x11, addresses = V4, tlvs = [], checksum = 'true' } = parts;
  const sum = checksum === 'true' ? [tlv(3, new Uint8Array(4))] : [];
  const rest = concat(addresses, ...sum, ...tlvs);
  const length = parts.length ?? rest.length;
  const bytes = concat(SIGNATURE, Uint8Array.of(command, family, length >> 8, length & 0xff), rest);
  if (checksum === 'true') withChecksum(bytes, 16 + addresses.length + 3);
  return bytes;
}

/** Writes it at `at`, where zeros stand. */
export function withChecksum(bytes: Uint8Array, at: number): Uint8Array {
  new DataView(bytes.buffer).setUint32(at, crc32c(bytes));
  return bytes;
}

export function tlv(type: number, value: Uint8Array): Uint8Array {
  return concat(Uint8Array.of(type, value.length >> 8, value.length & 0xff), value);
}

/** The workload's TLV: layout 1 unless told otherwise. */
export function workload(texts: readonly string[], layout = 1): Uint8Array {
  return tlv(
    0xe0,
    concat(Uint8Array.of(layout), ...texts.map((text) => concat(Uint8Array.of(text.length), ascii(text)))),
  );
}
