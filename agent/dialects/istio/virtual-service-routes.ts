import type {
  Destination,
  GatewayKey,
  HttpAction,
  HttpMatch,
  HttpRoute,
  NamedMatch,
  SourceMatch,
  TcpMatch,
  TcpRoute,
  TlsRoute,
} from '../../registry/route-table.ts';
import { fullName, fullPattern } from './host.ts';
import { type StringMatch, textMatchOf } from './string-match.ts';
import { matchGateways } from './virtual-service-gateways.ts';
import { REFUSED } from './virtual-service-rules.ts';
import type {
  DestinationSpec,
  HttpMatchSpec,
  HttpRouteSpec,
  SourceSpec,
  TcpMatchSpec,
  VirtualServiceSpec,
} from './virtual-service-schema.ts';

/** Where a route stands: the namespace that short names are of, and where its table is in force. */
export type Home = { readonly namespace: string; readonly gateways: readonly GatewayKey[] };

/** Without routes that no gateway of the table could ever come to. */
export function httpRoutes(spec: VirtualServiceSpec, home: Home): readonly HttpRoute[] {
  return (spec.http ?? []).flatMap((route) => {
    const matches = matchesOrAll(route.match).flatMap((match) => httpMatch(match, home));
    return matches.length === 0 ? [] : [{ name: route.name, matches, action: actionOf(route, home.namespace) }];
  });
}

export function tlsRoutes(spec: VirtualServiceSpec, home: Home): readonly TlsRoute[] {
  return (spec.tls ?? []).flatMap(({ match, route }) => {
    const matches = match.flatMap((each) => {
      const sniHosts = each.sniHosts.map((host) => fullPattern(host, home.namespace));
      return tcpMatch(each, home).map((rest) => ({ ...rest, sniHosts }));
    });
    return matches.length === 0 ? [] : [{ matches, destinations: destinationsOf(route, home.namespace) }];
  });
}

export function tcpRoutes(spec: VirtualServiceSpec, home: Home): readonly TcpRoute[] {
  return (spec.tcp ?? []).flatMap(({ match, route }) => {
    const matches = matchesOrAll(match).flatMap((each) => tcpMatch(each, home));
    return matches.length === 0 ? [] : [{ matches, destinations: destinationsOf(route, home.namespace) }];
  });
}

/** A match that asks for nothing takes everything. */
function matchesOrAll<Match>(matches: readonly Match[] = []): readonly (Match | Record<string, never>)[] {
  return matches.length === 0 ? [{}] : matches;
}

function httpMatch(match: HttpMatchSpec, home: Home): readonly HttpMatch[] {
  const { name, uri, ignoreUriCase = false, scheme, method, authority } = match;
  return sourceMatch(match, home).map((source) => ({
    name,
    source,
    uri: uri && textMatchOf(uri, ignoreUriCase),
    ignoreUriCase,
    scheme: scheme && textMatchOf(scheme, false),
    method: method && textMatchOf(method, false),
    // Names have no case: the registry has them in lower case.
    authority: authority && textMatchOf(authority, true),
    headers: namedMatches(match.headers, (header) => header.toLowerCase()),
    withoutHeaders: namedMatches(match.withoutHeaders, (header) => header.toLowerCase()),
    queryParams: namedMatches(match.queryParams, (parameter) => parameter),
  }));
}

function namedMatches(
  conditions: Readonly<Record<string, StringMatch>> = {},
  nameOf: (written: string) => string,
): readonly NamedMatch[] {
  return Object.entries(conditions).map(([name, value]) => ({ name: nameOf(name), value: textMatchOf(value, false) }));
}

function tcpMatch(match: TcpMatchSpec, home: Home): readonly TcpMatch[] {
  return sourceMatch(match, home).map((source) => ({ source, destinationSubnets: match.destinationSubnets ?? [] }));
}

/** One, or none where it could stand at no gateway. */
function sourceMatch(match: SourceSpec, { gateways, namespace }: Home): readonly SourceMatch[] {
  const { port, sourceNamespace, sourceLabels = {} } = match;
  const own = matchGateways(match.gateways, gateways, namespace);
  return own.length === 0 ? [] : [{ gateways: own, port, sourceNamespace, sourceLabels }];
}

function actionOf(route: HttpRouteSpec, namespace: string): HttpAction {
  const what = REFUSED.find((field) => route[field] !== undefined);
  if (what !== undefined) return { kind: 'unsupported', what };
  return { kind: 'route', destinations: destinationsOf(route.route ?? [], namespace) };
}

function destinationsOf(destinations: readonly DestinationSpec[], namespace: string): readonly Destination[] {
  const single = destinations.length === 1;
  return destinations.map(({ destination, weight = 0 }) => ({
    host: fullName(destination.host, namespace),
    port: destination.port?.number,
    subset: destination.subset,
    weight: single ? 1 : weight,
  }));
}
