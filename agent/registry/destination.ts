import { type HostPattern, patternText } from '../model/hostname.ts';
import type { Port } from '../model/port.ts';
import { type ResourceRef, refText } from '../model/resource.ts';
import type { Attribute, Decision, Deny, Need, Route, Target, WeightedRoute } from '../model/verdict.ts';
import { upstreamTls } from './destination-policy.ts';
import { findCovering, findHost } from './index/hosts.ts';
import type { Entry } from './index/ports.ts';
import type { PlacedService } from './index/services.ts';
import { allSeen, deny, denyUnrouted, preferred, type Question } from './question.ts';
import { clusterName, routeOf } from './route.ts';
import type { Destination } from './route-table.ts';
import { sees } from './visibility.ts';

/** What a route leads to, and what decided so far. */
export type Led = {
  readonly destinations: readonly Destination[];
  /** Where a destination names none and its host has several. */
  readonly port: Port;
  readonly name: string | undefined;
  readonly matched: readonly ResourceRef[];
  readonly looked: readonly Attribute[];
};

/**
 * The verdict on a flow that may go where its route leads. Each destination must be a Service of the cluster, or a host
 * that the source sees listed: a route opens nothing. What is neither is let through to nowhere, as in Istio (503 NC).
 */
export function leadTo(asked: Question, { destinations, port, name, matched, looked }: Led): Decision {
  const split: WeightedRoute[] = [];
  const depends = new Set(looked);
  for (const destination of taken(destinations)) {
    const route = routeTo(asked, destination, destination.port ?? port, depends);
    if (route.kind === 'need') return route;
    if (route.kind === 'deny') return { ...route, matched: [...matched, ...route.matched], dependsOn: [...depends] };
    split.push({ weight: destination.weight, route: name === undefined ? route.route : { ...route.route, name } });
  }
  const [first] = split;
  if (!first) return denyUnrouted('no-route', matched, [...depends]);
  return {
    kind: 'allow',
    reason: 'granted',
    route: first.route,
    ...(split.length > 1 ? { split } : {}),
    matched,
    dependsOn: [...depends],
  };
}

/** Those that flows are sent to: without the ones of weight 0, if there are others. */
export function taken(destinations: readonly Destination[]): readonly Destination[] {
  const weighted = destinations.filter(({ weight }) => weight > 0);
  return weighted.length > 0 ? weighted : destinations.slice(0, 1);
}

/** The port of a destination; `otherwise`: if it names none and its host has several. */
export function portOf(asked: Question, destination: Destination, otherwise: Port): Port {
  const service = asked.registry.services.get(destination.host);
  if (service) return servicePort(service, destination, otherwise);
  return destinationEntry(asked, destination, otherwise)?.port.number ?? destination.port ?? otherwise;
}

type Reached = { readonly kind: 'route'; readonly route: Route } | Deny | Need;

function routeTo(asked: Question, destination: Destination, port: Port, depends: Set<Attribute>): Reached {
  const { registry, trace } = asked;
  const { host, subset = '' } = destination;
  const service = registry.services.get(host);
  const entry = service ? undefined : destinationEntry(asked, destination, port);
  const at = service ? servicePort(service, destination, port) : (entry?.port.number ?? port);
  const encrypted = encryptedBy(asked, { kind: 'exact', name: host }, at, destination.subset);
  if (encrypted) return encrypted;
  if (service) {
    trace(`it goes to ${refText(service.ref)}, port ${at}`);
    return { kind: 'route', route: serviceRoute(service, at, subset) };
  }
  if (!entry) {
    trace(`${host} port ${port} is neither a Service nor listed for ${asked.namespace}: there is nothing to dial`);
    return { kind: 'route', route: { ...NOWHERE, cluster: clusterName(port, subset, host), unknown: true } };
  }
  const route = routeOf(entry, host, asked.facts);
  if ('attributes' in route) return route;
  if (entry.grant.reach.kind === 'original') for (const each of ['destination', 'answers'] as const) depends.add(each);
  trace(`it goes to ${host}, port ${entry.port.number}, by ${refText(entry.grant.ref)}`);
  return {
    kind: 'route',
    route: { ...route, cluster: clusterName(entry.port.number, subset, patternText(entry.host)) },
  };
}

const NOWHERE = { via: 'direct', dial: 'name', targets: [] } as const;

function servicePort({ ports }: PlacedService, destination: Destination, port: Port): Port {
  return destination.port ?? (ports.length === 1 ? ports[0]?.number : undefined) ?? port;
}

function serviceRoute({ ref, host, ports, transport, endpoints }: PlacedService, number: Port, subset: string): Route {
  const port = ports.find((each) => each.number === number);
  const placed = (port && endpoints.get(port.name)) ?? [];
  const targets = placed.map((endpoint): Target => ({ kind: 'service', endpoint, weight: 1 }));
  return {
    via: 'gateway',
    dial: 'name',
    targets,
    cluster: clusterName(number, subset, host),
    service: ref,
    ...(transport === 'plain' ? {} : { transport }),
    ...(port ? {} : { unknown: true }),
  };
}

/** Of what the source sees; at a gateway also of what the gateway's own namespace sees. */
function destinationEntry(asked: Question, destination: Destination, port: Port): Entry | undefined {
  const { hop, namespace } = asked;
  const own = listedFor(asked, destination, port, namespace);
  return own ?? (hop.kind === 'gateway' ? listedFor(asked, destination, port, hop.namespace) : undefined);
}

/** What lists this destination for a namespace. `otherwise`: if it names no port and its host has several. */
export function listedFor(
  { registry }: Question,
  { host, port }: Destination,
  otherwise: Port,
  namespace: string,
): Entry | undefined {
  return findHost(registry.byHost, host, (entries) => {
    const visible = entries.filter(({ grant }) => sees(grant.visibleTo, namespace));
    const numbers = new Set(visible.map((each) => each.port.number));
    const wanted = port ?? (numbers.size === 1 ? visible[0]?.port.number : otherwise);
    const there = visible.filter((each) => each.port.number === wanted);
    return preferred(there, namespace, ({ grant }) => grant);
  });
}

/**
 * The refusal of a destination whose DestinationRule asks for TLS, which is not originated yet: any of those with the most
 * specific host, which Istio would merge. At a gateway what its own namespace sees counts as well: it is the gateway that
 * dials.
 */
export function encryptedBy(asked: Question, host: HostPattern, port: Port, subset?: string): Deny | undefined {
  const { registry, hop, namespace, trace } = asked;
  const views = hop.kind === 'gateway' ? [namespace, hop.namespace] : [namespace];
  const policy = views
    .flatMap((view) => findCovering(registry.policies, host, (all) => allSeen(all, view, (each) => each)) ?? [])
    .find((each) => upstreamTls(each, port, subset) === 'encrypted');
  if (!policy) return undefined;
  trace(
    `${refText(policy.ref)} asks for TLS towards ${patternText(host)}, which is not originated yet: refused rather than sent without`,
  );
  const depends: readonly Attribute[] = ['source', 'port', 'destination'];
  return { ...deny('tls-not-originated', depends), httpStatus: 503, flag: 'UF', matched: [policy.ref] };
}
