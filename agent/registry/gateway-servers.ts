import type { HostPattern } from '../model/hostname.ts';
import type { Port } from '../model/port.ts';
import type { ResourceRef } from '../model/resource.ts';

/** What a Gateway resource opens on the gateways that it selects. */
export type GatewayServers = {
  readonly ref: ResourceRef;
  readonly createdAt: number | undefined;
  /** Labels that a gateway must have; empty: every gateway. */
  readonly selector: Readonly<Record<string, string>>;
  readonly servers: readonly GatewayServer[];
};

export type GatewayServer = {
  /** Of the gateway's Service; it listens on the Service's targetPort where that is known, else on this one. */
  readonly port: Port;
  /** `tls`: by SNI, passed through unopened. */
  readonly protocol: 'http' | 'tls' | 'tcp';
  /** Route tables of another namespace, or for other hosts, are not served here. */
  readonly hosts: readonly ServerHost[];
};

/** `namespace` undefined: route tables of every namespace. */
export type ServerHost = { readonly namespace: string | undefined; readonly pattern: HostPattern | 'any' };
