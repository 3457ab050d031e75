import type { GatewayHop } from '../model/flow.ts';
import type { ResourceRef } from '../model/resource.ts';
import type { DestinationPolicy } from './destination-policy.ts';
import { addHost, type HostIndex, hostIndex } from './index/hosts.ts';
import { type Listeners, listenersOf } from './index/listeners.ts';
import { addToPort, type Entry, type PortIndex, portIndex } from './index/ports.ts';
import { type RouteTableIndex, routeTableIndex } from './index/route-tables.ts';
import { type ServiceIndex, serviceIndex } from './index/services.ts';
import { markSteered } from './index/steered.ts';
import type { Mode, ResourceSet } from './model.ts';

/** The immutable, compiled form of all resources at one moment, for one hop. */
export type Registry = {
  /** Counts up with each registry of a process; 0 is the empty one before the first load. */
  readonly generation: number;
  readonly mode: Mode;
  /** What set the mode; undefined where nothing did. */
  readonly modeRef: ResourceRef | undefined;
  readonly ports: ReadonlyMap<number, PortIndex>;
  /** All grants by host, whatever their protocol: what a route's destination is looked up in. */
  readonly byHost: HostIndex<Entry>;
  readonly routeTables: RouteTableIndex;
  readonly services: ServiceIndex;
  readonly policies: HostIndex<DestinationPolicy>;
  /** Of the gateway that it was compiled for; none at hop mesh. */
  readonly listeners: Listeners;
};

/** A gateway as resources select it. `labels` undefined: those of its Pod resource. */
export type GatewayIdentity = GatewayHop & { readonly labels: Readonly<Record<string, string>> | undefined };

export function compile(set: ResourceSet, generation: number, at?: GatewayIdentity): Registry {
  const ports = new Map<number, PortIndex>();
  const byHost = hostIndex<Entry>();
  for (const grant of set.grants.toSorted(byAge)) {
    for (const port of grant.ports) {
      let index = ports.get(port.number);
      if (!index) ports.set(port.number, (index = portIndex()));
      addToPort(index, grant, port);
      for (const host of grant.hosts) addHost(byHost, host, { grant, port, host });
    }
  }
  const tables = set.routeTables.toSorted(byAge);
  markSteered(ports, byHost, tables, set.destinationPolicies);
  const policies = hostIndex<DestinationPolicy>();
  for (const policy of set.destinationPolicies.toSorted(byAge)) addHost(policies, policy.host, policy);
  return {
    generation,
    mode: set.mode?.value ?? 'REGISTRY_ONLY',
    modeRef: set.mode?.ref,
    ports,
    byHost,
    routeTables: routeTableIndex(tables),
    services: serviceIndex(set.services, set.endpoints),
    policies,
    listeners: at ? listenersAt(at, set, tables) : new Map(),
  };
}

function listenersAt(at: GatewayIdentity, set: ResourceSet, tables: ResourceSet['routeTables']): Listeners {
  // A Service selects pods of its own namespace; a Gateway those of all.
  const services = set.services.filter(({ ref }) => ref.namespace === at.namespace);
  return listenersOf(labelsOf(at, set), { gateways: set.gateways.toSorted(byAge), tables, services });
}

/** Without any, only Gateways that select every gateway are its own. */
function labelsOf({ labels, namespace, name }: GatewayIdentity, { workloads }: ResourceSet) {
  return labels ?? workloads.find((each) => each.namespace === namespace && each.name === name)?.labels ?? {};
}

export const EMPTY_RESOURCES: ResourceSet = {
  mode: undefined,
  grants: [],
  workloads: [],
  routeTables: [],
  gateways: [],
  services: [],
  endpoints: [],
  destinationPolicies: [],
};

type Aged = { readonly createdAt: number | undefined; readonly ref: ResourceRef };

/** Where only one of several can win it is the oldest, as in Istio; without a date, by name, so that it is stable. */
function byAge(a: Aged, b: Aged): number {
  const age = (a.createdAt ?? Number.POSITIVE_INFINITY) - (b.createdAt ?? Number.POSITIVE_INFINITY);
  if (age !== 0 && !Number.isNaN(age)) return age;
  const [x, y] = [`${a.ref.namespace}/${a.ref.name}`, `${b.ref.namespace}/${b.ref.name}`];
  return x < y ? -1 : x > y ? 1 : 0;
}
