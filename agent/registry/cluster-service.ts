import type { IpAddress } from '../model/address.ts';
import type { Hostname } from '../model/hostname.ts';
import type { Port } from '../model/port.ts';
import type { ResourceRef } from '../model/resource.ts';
import type { GatewayTransport } from '../model/verdict.ts';

/** A Service of the cluster, as far as routes lead to it. */
export type ClusterService = {
  readonly ref: ResourceRef;
  /** `NAME.NAMESPACE.svc.cluster.local` */
  readonly host: Hostname;
  /** TCP ports alone. */
  readonly ports: readonly ClusterServicePort[];
  /** Of its pods; undefined: its endpoints are somebody else's to say. */
  readonly selector: Readonly<Record<string, string>> | undefined;
  /** How an agent speaks to it, if it is a gateway. */
  readonly transport: GatewayTransport;
};

type ClusterServicePort = {
  readonly number: Port;
  /** Empty for the only port of a Service that names none. */
  readonly name: string;
  /** undefined: a port that the pods name. */
  readonly targetPort: Port | undefined;
};

/** One EndpointSlice: addresses that are ready, and the ports that they have by the name of the Service's port. */
export type ServiceEndpoints = {
  readonly ref: ResourceRef;
  /** Name of the Service, in the namespace of `ref`. */
  readonly service: string;
  readonly ports: ReadonlyMap<string, Port>;
  readonly addresses: readonly IpAddress[];
};
