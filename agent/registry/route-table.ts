import type { Cidr } from '../model/cidr.ts';
import type { Hostname, HostPattern } from '../model/hostname.ts';
import type { Port } from '../model/port.ts';
import type { ResourceRef } from '../model/resource.ts';
import type { Visibility } from './visibility.ts';

/**
 * Where flows to some hosts go (a VirtualService). It never admits anything: grants do. Within each list the first match
 * wins; of several tables with the same host at the same gateway, the oldest.
 */
export type RouteTable = {
  readonly ref: ResourceRef;
  /** Milliseconds since 1970; undefined where the resource does not tell. */
  readonly createdAt: number | undefined;
  readonly visibleTo: Visibility;
  /** `any`: every host (`*`), at gateways alone. */
  readonly hosts: readonly (HostPattern | 'any')[];
  /** Where it is in force; what a match names lies within these. */
  readonly gateways: readonly GatewayKey[];
  readonly http: readonly HttpRoute[];
  readonly tls: readonly TlsRoute[];
  readonly tcp: readonly TcpRoute[];
};

/** `mesh`: beside the workloads. Else `NAMESPACE/NAME` of a Gateway resource. */
export type GatewayKey = string;
export const MESH_GATEWAY: GatewayKey = 'mesh';

export type HttpRoute = {
  readonly name: string | undefined;
  /** One of them suffices; never empty: a route without matches has one that takes everything. */
  readonly matches: readonly HttpMatch[];
  readonly action: HttpAction;
};

export type HttpAction =
  | { readonly kind: 'route'; readonly destinations: readonly Destination[] }
  /** `what`: the field that we cannot honour (`redirect`): a request that comes here is refused, not sent elsewhere. */
  | { readonly kind: 'unsupported'; readonly what: string };

/** All that is given must match. */
export type HttpMatch = {
  readonly name: string | undefined;
  readonly source: SourceMatch;
  readonly uri: TextMatch | undefined;
  /** Of the path alone, in lower case on both sides (`ignoreUriCase`). */
  readonly ignoreUriCase: boolean;
  /** Every request that we see is `http`. */
  readonly scheme: TextMatch | undefined;
  readonly method: TextMatch | undefined;
  readonly authority: TextMatch | undefined;
  readonly headers: readonly NamedMatch[];
  /** None of these may match. */
  readonly withoutHeaders: readonly NamedMatch[];
  readonly queryParams: readonly NamedMatch[];
};

/** What is known before anything was said: where, which port, and who. */
export type SourceMatch = {
  readonly gateways: readonly GatewayKey[];
  /** Hop mesh: the port dialled. At a gateway: the port of its server. */
  readonly port: Port | undefined;
  readonly sourceNamespace: string | undefined;
  readonly sourceLabels: Readonly<Record<string, string>>;
};

/** `value` undefined: it must be there. Names of headers are lower case. */
export type NamedMatch = { readonly name: string; readonly value: TextMatch | undefined };

export type TextMatch =
  | { readonly kind: 'exact' | 'prefix'; readonly text: string }
  /** The whole text, in linear time (RE2). `source` is what was written. */
  | { readonly kind: 'regex'; readonly source: string; readonly matches: (text: string) => boolean };

export type TlsRoute = { readonly matches: readonly TlsMatch[]; readonly destinations: readonly Destination[] };
export type TcpRoute = { readonly matches: readonly TcpMatch[]; readonly destinations: readonly Destination[] };

export type TcpMatch = {
  readonly source: SourceMatch;
  /** Of the original destination; empty: any. */
  readonly destinationSubnets: readonly Cidr[];
};

export type TlsMatch = TcpMatch & {
  /** One of them suffices; never empty. */
  readonly sniHosts: readonly (HostPattern | 'any')[];
};

export type Destination = {
  /** A Service's full name, or a host of the registry. */
  readonly host: Hostname;
  /** undefined: the only one of the host, else the one that was asked for. */
  readonly port: Port | undefined;
  readonly subset: string | undefined;
  /** Relative to the others'; a single one gets everything whatever its weight. */
  readonly weight: number;
};
