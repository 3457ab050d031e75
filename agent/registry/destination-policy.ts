import type { HostPattern } from '../model/hostname.ts';
import type { Port } from '../model/port.ts';
import type { ResourceRef } from '../model/resource.ts';
import type { Visibility } from './visibility.ts';

/** What a DestinationRule says of connections to a host. */
export type DestinationPolicy = {
  readonly ref: ResourceRef;
  readonly createdAt: number | undefined;
  readonly visibleTo: Visibility;
  readonly host: HostPattern;
  readonly tls: UpstreamTls;
  /** By port; it takes the place of `tls` there. */
  readonly portTls: ReadonlyMap<Port, UpstreamTls>;
  /** By name; undefined: as the host. */
  readonly subsets: ReadonlyMap<string, UpstreamTls | undefined>;
};

/** `plain`: as it comes. `encrypted`: TLS is to be originated, which is not built yet: such a destination is refused. */
export type UpstreamTls = 'plain' | 'encrypted';

/** What it says of one port; a subset's own word comes first, then the port's. */
export function upstreamTls(
  { subsets, portTls, tls }: DestinationPolicy,
  port: Port,
  subset: string | undefined,
): UpstreamTls {
  return (subset === undefined ? undefined : subsets.get(subset)) ?? portTls.get(port) ?? tls;
}
