import type { Endpoint } from '../../model/address.ts';
import type { Hostname } from '../../model/hostname.ts';
import type { ClusterService, ServiceEndpoints } from '../cluster-service.ts';

/** A Service and where its pods are: by the name of the Service's port, each address once. */
export type PlacedService = ClusterService & { readonly endpoints: ReadonlyMap<string, readonly Endpoint[]> };

export type ServiceIndex = ReadonlyMap<Hostname, PlacedService>;

export function serviceIndex(services: readonly ClusterService[], slices: readonly ServiceEndpoints[]): ServiceIndex {
  const byService = Map.groupBy(slices, ({ ref, service }) => `${ref.namespace}/${service}`);
  return new Map(
    services.map((service) => {
      const own = byService.get(`${service.ref.namespace}/${service.ref.name}`) ?? [];
      return [service.host, { ...service, endpoints: endpointsOf(own) }] as const;
    }),
  );
}

function endpointsOf(slices: readonly ServiceEndpoints[]): ReadonlyMap<string, readonly Endpoint[]> {
  const byPort = new Map<string, Endpoint[]>();
  for (const { ports, addresses } of slices) {
    for (const [name, port] of ports) {
      const known = byPort.get(name) ?? [];
      const fresh = addresses.filter((ip) => !known.some((each) => each.ip === ip && each.port === port));
      byPort.set(name, [...known, ...fresh.map((ip) => ({ ip, port }))]);
    }
  }
  return byPort;
}
