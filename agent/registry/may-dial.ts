import { bytesOf, type Endpoint, familyOf, type IpAddress, ipFromBytes } from '../model/address.ts';
import { type Cidr, cidrContains, parseCidr } from '../model/cidr.ts';
import { METRICS_PORT, READINESS_PORT } from '../model/port.ts';
import type { Deny, Target } from '../model/verdict.ts';

/** What the agent knows of its own place; asked anew before each dial. */
export type OwnPlace = {
  /** Every address of every interface of the namespace that the dial starts from. */
  readonly addresses: ReadonlySet<IpAddress>;
  /** The cluster's pod and service ranges: dialled only for a Service of the registry. */
  readonly clusterCidrs: readonly Cidr[];
  /**
   * Ports of the gateway's own listeners, if it may dial its loopback where a resource has it as an endpoint
   * (`--allow-local-endpoints`): all ports but these, which would lead to itself.
   */
  readonly localEndpoints?: LocalEndpoints;
};

type LocalEndpoints = { readonly exceptPorts: ReadonlySet<number> };

/** Of a gateway that may dial its loopback, by the ports of its Gateway resources. */
export function localEndpointsOf(ports: Iterable<number>): LocalEndpoints {
  return { exceptPorts: new Set([...ports, METRICS_PORT, READINESS_PORT]) };
}

export type Forbidden =
  | 'loopback'
  | 'unspecified'
  | 'multicast'
  | 'link-local'
  | 'reserved'
  | 'own-address'
  | 'cluster-range';

/**
 * Why this address is never dialled for a workload, whatever a resource, an original destination or a DNS answer says;
 * undefined if it may be. The agent dials from the node: without this rule an endpoint 127.0.0.1 would open the node's
 * own services, and 169.254.169.254 its metadata. Called immediately before the dial, with the very address dialled.
 * IPv6 forms that carry an IPv4 address (6to4 RFC 3056, NAT64 RFC 6052 and 8215, IPv4-translated RFC 2765 §2.1,
 * v4-compatible RFC 4291 §2.5.5.1) are judged as both.
 */
export function forbiddenToDial(ip: IpAddress, own: OwnPlace): Forbidden | undefined {
  const inner = embeddedV4(ip);
  return forbiddenItself(ip, own) ?? (inner && forbiddenItself(inner, own));
}

/**
 * The same for an address of which it is known how it came about: only a Service's may lie in a range of the cluster, only
 * an endpoint that a resource names may be the gateway's own loopback.
 */
export function addressIsForbidden(
  { kind, endpoint }: Extract<Target, { kind: 'endpoint' | 'service' }> | Answer,
  own: OwnPlace,
): Forbidden | undefined {
  const { ip, port } = endpoint;
  const local = kind === 'endpoint' && isLoopback(ip) ? own.localEndpoints : undefined;
  if (local && !local.exceptPorts.has(port)) return undefined;
  return forbiddenToDial(ip, kind === 'service' ? { ...own, clusterCidrs: [] } : own);
}

/** The original destination, or an answer of DNS. */
type Answer = { readonly kind: 'answer'; readonly endpoint: Endpoint };

/** A refusal of an original destination that is never dialled says so: nothing that could be listed would open it. */
export function refusedAs(deny: Deny, original: IpAddress | undefined, own: OwnPlace): Deny {
  const unlisted = deny.reason === 'not-listed' || deny.reason === 'protocol-mismatch';
  if (!unlisted || original === undefined || forbiddenToDial(original, own) === undefined) return deny;
  return { ...deny, reason: 'address-forbidden' };
}

function forbiddenItself(ip: IpAddress, own: OwnPlace): Forbidden | undefined {
  if (own.addresses.has(ip)) return 'own-address';
  for (const [cidr, why] of NEVER) if (cidrContains(cidr, ip)) return why;
  return own.clusterCidrs.some((cidr) => cidrContains(cidr, ip)) ? 'cluster-range' : undefined;
}

function isLoopback(ip: IpAddress): boolean {
  return NEVER.some(([cidr, why]) => why === 'loopback' && cidrContains(cidr, ip));
}

function embeddedV4(ip: IpAddress): IpAddress | undefined {
  if (familyOf(ip) === 4) return undefined;
  const bytes = bytesOf(ip);
  for (const [cidr, offset] of CARRIERS)
    if (cidrContains(cidr, ip)) return ipFromBytes(bytes.subarray(offset, offset + 4));
  return undefined;
}

function cidr(text: string): Cidr {
  const parsed = parseCidr(text);
  if (!parsed) throw new TypeError(`not a CIDR: ${text}`);
  return parsed;
}

/** ::/96 holds ::1 and :: as well, which are named before it. */
const NEVER: readonly (readonly [Cidr, Forbidden])[] = [
  [cidr('127.0.0.0/8'), 'loopback'],
  [cidr('::1/128'), 'loopback'],
  [cidr('0.0.0.0/8'), 'unspecified'],
  [cidr('::/128'), 'unspecified'],
  [cidr('224.0.0.0/4'), 'multicast'],
  [cidr('ff00::/8'), 'multicast'],
  [cidr('169.254.0.0/16'), 'link-local'],
  [cidr('fe80::/10'), 'link-local'],
  [cidr('240.0.0.0/4'), 'reserved'],
];

/** Prefix and the offset of the IPv4 address in it. */
const CARRIERS: readonly (readonly [Cidr, number])[] = [
  [cidr('2002::/16'), 2],
  [cidr('64:ff9b::/96'), 12],
  [cidr('64:ff9b:1::/48'), 12],
  [cidr('::ffff:0:0:0/96'), 12],
  [cidr('::/96'), 12],
];
