import type { Endpoint } from '../model/address.ts';
import type { Hostname } from '../model/hostname.ts';
import { isLabel, isSubdomain } from '../model/kube-name.ts';

/** What an agent tells a gateway ahead of a connection. The bytes stand in docs/hop.md. */
export type Preamble = {
  readonly source: Endpoint;
  /** Where the workload dialled. */
  readonly destination: Endpoint;
  /** undefined: the agent does not know who is calling. */
  readonly workload: PreambleWorkload | undefined;
  /** As the workload's own ClientHello names it. */
  readonly serverName: Hostname | undefined;
};

export type PreambleWorkload = {
  readonly namespace: string;
  readonly name: string;
  readonly serviceAccount: string | undefined;
};

// The PROXY protocol, version 2 (haproxy, doc/proxy-protocol.txt §2.2), as far as we speak it.

/** Text that no protocol begins with. */
export const SIGNATURE = Uint8Array.of(13, 10, 13, 10, 0, 13, 10, 81, 85, 73, 84, 10);
/** Signature, command, family, length of the rest. */
export const HEAD_BYTES = 16;
/** Version 2, command PROXY. */
export const PROXY = 0x21;
export const TCP_V4 = 0x11;
export const TCP_V6 = 0x21;
/** Cap on the rest. The longest that we write has 12 or 36 bytes of addresses, a checksum and four names: below 900. */
export const REST_CAP_BYTES = 2048;

export const TLV = { authority: 0x02, checksum: 0x03, workload: 0xe0 } as const;
export const CHECKSUM_BYTES = 4;
/** First byte of the workload's TLV, whose type is free for every application. */
export const WORKLOAD_LAYOUT = 1;

/** Kubernetes' names, as the doors hold them: a namespace is an RFC 1123 label, the others are subdomains. */
export function isSound({ namespace, name, serviceAccount }: PreambleWorkload): boolean {
  return isLabel(namespace) && isSubdomain(name) && (serviceAccount === undefined || isSubdomain(serviceAccount));
}
