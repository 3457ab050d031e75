/**
 * PROXY protocol headers of version 2 (haproxy, doc/proxy-protocol.txt §2.2) as docs/hop.md lays them out, written from
 * these texts for the tests alone. As latin1 text, which is what talk.ts sends.
 */
type HeaderFacts = {
  readonly source: Endpoint;
  readonly destination: Endpoint;
  /** `NAMESPACE/POD` */
  readonly workload?: `${string}/${string}`;
  readonly flaw?: Flaw;
};

/** Both of one family. */
type Endpoint = readonly [ip: string, port: number];

/** What can be wrong with a header. Each but `noChecksum` has a checksum that fits. */
export type Flaw = 'version' | 'local' | 'unix' | 'noChecksum' | 'changed' | 'short' | 'huge';

export function proxyHeader({ flaw, ...facts }: HeaderFacts): string {
  const ips = [facts.source, facts.destination].map(([ip]) => ipBytes(ip));
  const ports = [facts.source, facts.destination].flatMap(([, port]) => u16(port));
  const v4 = ips.every((ip) => ip.length === 4);
  const [namespace = '', name = ''] = facts.workload?.split('/') ?? [];
  const rest = [
    ...(flaw === 'short' ? (ips[0] ?? []) : [...ips.flat(), ...ports]),
    ...(flaw === 'noChecksum' ? [] : tlv(0x03, [0, 0, 0, 0])),
    ...(facts.workload ? tlv(0xe0, [1, ...sized(namespace), ...sized(name), 0]) : []),
    ...(flaw === 'huge'
      ? tlv(
          0x04,
          Array.from({ length: 3_000 }, () => 0),
        )
      : []),
  ];
  const command = flaw === 'version' ? 0x31 : flaw === 'local' ? 0x20 : 0x21;
  const family = flaw === 'unix' ? 0x31 : v4 ? 0x11 : 0x21;
  const header = Buffer.from([...SIGNATURE, command, family, ...u16(rest.length), ...rest]);
  if (flaw !== 'noChecksum' && flaw !== 'short') header.writeUInt32BE(crc32c(header), 16 + (v4 ? 12 : 36) + 3);
  if (flaw === 'changed') header.writeUInt8(header.readUInt8(17) ^ 1, 17);
  return header.toString('latin1');
}

const SIGNATURE = text('\r\n\r\n\0\r\nQUIT\n');

function ipBytes(ip: string): readonly number[] {
  if (!ip.includes(':')) return ip.split('.').map(Number);
  const [left = [], right = []] = ip.split('::').map((half) => half.split(':').filter((group) => group !== ''));
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => '0');
  return [...left, ...zeros, ...right].flatMap((group) => u16(Number.parseInt(group, 16)));
}

function tlv(type: number, value: readonly number[]): readonly number[] {
  return [type, ...u16(value.length), ...value];
}

function sized(value: string): readonly number[] {
  return [value.length, ...text(value)];
}

function text(value: string): readonly number[] {
  return [...Buffer.from(value, 'latin1')];
}

function u16(value: number): readonly number[] {
  return [value >> 8, value & 0xff];
}

/** Castagnoli's, bit by bit (RFC 3720 appendix B.4). */
function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  return ~crc >>> 0;
}
