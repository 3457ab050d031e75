import type { IpAddress } from '../model/address.ts';
import type { Cidr } from '../model/cidr.ts';
import type { Hostname, HostPattern } from '../model/hostname.ts';
import type { Port } from '../model/port.ts';
import type { ResourceRef } from '../model/resource.ts';
import type { Workload } from '../model/workload.ts';
import type { ClusterService, ServiceEndpoints } from './cluster-service.ts';
import type { DestinationPolicy } from './destination-policy.ts';
import type { GatewayServers } from './gateway-servers.ts';
import type { RouteTable } from './route-table.ts';
import type { Visibility } from './visibility.ts';

/** What becomes of a flow that no grant admits. */
export type Mode = 'REGISTRY_ONLY' | 'ALLOW_ANY';

/** Everything that the dialects made of the resources at one moment; `compile` makes a Registry of it. */
export type ResourceSet = {
  /** undefined: nothing configured, which is REGISTRY_ONLY. */
  readonly mode: { readonly value: Mode; readonly ref: ResourceRef } | undefined;
  readonly grants: readonly Grant[];
  readonly workloads: readonly Workload[];
  readonly routeTables: readonly RouteTable[];
  readonly gateways: readonly GatewayServers[];
  readonly services: readonly ClusterService[];
  readonly endpoints: readonly ServiceEndpoints[];
  readonly destinationPolicies: readonly DestinationPolicy[];
};

/** Who may reach what, and how it is reached. One for each resource; grants are a union, none takes away. */
export type Grant = {
  readonly ref: ResourceRef;
  readonly visibleTo: Visibility;
  readonly hosts: readonly HostPattern[];
  readonly addresses: readonly Cidr[];
  readonly ports: readonly GrantPort[];
  readonly reach: Reach;
  /** Milliseconds since 1970; undefined where the resource does not tell. Older wins where only one can. */
  readonly createdAt: number | undefined;
};

/** How a port is matched: `http` by Host, `tls` by SNI, `tcp` by address, or by port alone if there are no addresses. */
export type GrantProtocol = 'http' | 'tls' | 'tcp';

export type GrantPort = {
  readonly number: Port;
  readonly name: string;
  readonly protocol: GrantProtocol;
  /** Port dialled upstream unless an endpoint has one of its own for this name. */
  readonly targetPort: Port;
};

export type Reach =
  /** resolution NONE: the address dialled, if it is one of the name or listed; else our own resolution of the name. */
  | { readonly kind: 'original' }
  /** resolution DNS, DNS_ROUND_ROBIN without endpoints: our own resolution of the matched host. */
  | { readonly kind: 'resolve' }
  /** resolution STATIC, or DNS with endpoints. */
  | { readonly kind: 'endpoints'; readonly endpoints: readonly GrantEndpoint[] };

export type GrantEndpoint = {
  readonly address:
    | { readonly kind: 'ip'; readonly ip: IpAddress }
    | { readonly kind: 'name'; readonly name: Hostname };
  /** By the port's name. */
  readonly ports: ReadonlyMap<string, Port>;
  readonly weight: number;
};
