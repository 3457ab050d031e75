import { covers } from '../../model/hostname.ts';
import { MESH_GATEWAY } from '../../registry/route-table.ts';
import { errorAt, type Finding, type Path, warningAt } from '../dialect.ts';
import { exportRules } from './export-to.ts';
import { fullPattern } from './host.ts';
import { notHonoured } from './not-honoured.ts';
import { gatewayKey, tableGateways } from './virtual-service-gateways.ts';
import type {
  DestinationSpec,
  HttpRouteSpec,
  SourceSpec,
  TcpMatchSpec,
  TlsMatchSpec,
  VirtualServiceSpec,
} from './virtual-service-schema.ts';

/** What must hold between the fields of a VirtualService, and what of it has no effect. Paths start at the document. */
export function* virtualServiceRules(spec: VirtualServiceSpec, namespace: string): Generator<Finding> {
  const { http = [], tls = [], tcp = [] } = spec;
  yield* hostRules(spec, namespace);
  if (http.length + tls.length + tcp.length === 0)
    yield errorAt(['spec'], 'no routes; expected at least one of http, tls and tcp', 'key');
  for (const [at, route] of http.entries()) yield* httpRules(route, spec, namespace, ['spec', 'http', at]);
  for (const [at, { match, route }] of tls.entries()) {
    const path = ['spec', 'tls', at];
    for (const [index, each] of match.entries()) yield* tlsMatchRules(each, spec, namespace, [...path, 'match', index]);
    yield* weightRules(route, path);
  }
  for (const [at, { match = [], route }] of tcp.entries()) {
    const path = ['spec', 'tcp', at];
    for (const [index, each] of match.entries()) yield* tcpMatchRules(each, spec, namespace, [...path, 'match', index]);
    yield* weightRules(route, path);
  }
  yield* exportRules(spec.exportTo ?? [], namespace);
}

function* hostRules({ hosts, gateways }: VirtualServiceSpec, namespace: string): Generator<Finding> {
  const any = hosts.indexOf('any');
  if (any === -1 || !tableGateways(gateways, namespace).includes(MESH_GATEWAY)) return;
  yield errorAt(['spec', 'hosts', any], '"*" is allowed only without the gateway "mesh"; expected the hosts by name');
}

function* httpRules(route: HttpRouteSpec, spec: VirtualServiceSpec, namespace: string, path: Path): Generator<Finding> {
  for (const [at, match] of (route.match ?? []).entries())
    yield* gatewayRules(match, spec, namespace, [...path, 'match', at]);
  const actions = ACTIONS.filter((action) => isGiven(route[action]));
  if (actions.length !== 1) {
    const found = actions.length === 0 ? 'none' : actions.join(' and ');
    yield errorAt(path, `expected exactly one of route, redirect, directResponse and delegate, found ${found}`);
  }
  yield* weightRules(route.route ?? [], path);
  yield* notHonoured(route, REFUSED, path, 'requests that match are refused (503)');
  yield* notHonoured(route, PASSED, path, 'requests pass without it');
  for (const [at, destination] of (route.route ?? []).entries())
    yield* notHonoured(destination, ['headers'], [...path, 'route', at], 'requests pass without it');
}

const ACTIONS = ['route', 'redirect', 'directResponse', 'delegate'] as const;

/** protobuf cannot tell an empty list from none. */
function isGiven(action: unknown): boolean {
  return action !== undefined && !(Array.isArray(action) && action.length === 0);
}

/** Without these a request would go where its author did not send it. In the order in which they are named. */
export const REFUSED = ['redirect', 'directResponse', 'delegate', 'rewrite'] as const;

const PASSED = [
  'timeout',
  'retries',
  'fault',
  'mirror',
  'mirrors',
  'mirrorPercentage',
  'mirrorPercent',
  'mirror_percent',
  'corsPolicy',
  'headers',
] as const;

function* tlsMatchRules(
  match: TlsMatchSpec,
  spec: VirtualServiceSpec,
  namespace: string,
  path: Path,
): Generator<Finding> {
  const hosts = spec.hosts.map((host) => fullPattern(host, namespace));
  for (const [at, written] of match.sniHosts.entries()) {
    const sni = fullPattern(written, namespace);
    if (hosts.some((host) => covers(host, sni))) continue;
    yield errorAt([...path, 'sniHosts', at], 'not within spec.hosts; expected one of them, or a name that one covers');
  }
  yield* tcpMatchRules(match, spec, namespace, path);
}

function* tcpMatchRules(
  match: TcpMatchSpec,
  spec: VirtualServiceSpec,
  namespace: string,
  path: Path,
): Generator<Finding> {
  yield* gatewayRules(match, spec, namespace, path);
  if (match.sourceSubnet !== undefined)
    yield warningAt(
      [...path, 'sourceSubnet'],
      'has no effect, as in Istio; use sourceLabels or sourceNamespace',
      'key',
    );
}

function* gatewayRules(
  match: SourceSpec,
  { gateways }: VirtualServiceSpec,
  namespace: string,
  path: Path,
): Generator<Finding> {
  const table = tableGateways(gateways, namespace);
  for (const [at, written] of (match.gateways ?? []).entries()) {
    if (!table.includes(gatewayKey(written, namespace)))
      yield warningAt([...path, 'gateways', at], 'has no effect: spec.gateways does not list it');
  }
}

/** A weight that is not there is 0, as protobuf reads it; a single destination gets everything. */
function* weightRules(destinations: readonly DestinationSpec[], path: Path): Generator<Finding> {
  if (destinations.length < 2 || destinations.some(({ weight = 0 }) => weight > 0)) return;
  yield errorAt([...path, 'route'], 'all weights are 0, so nothing goes anywhere; expected one above 0', 'key');
}
