import * as fc from 'fast-check';
import type { Evidence } from '../../../../agent/model/evidence.ts';
import type { FlowFacts } from '../../../../agent/model/flow.ts';
import { type HostPattern, parseHostPattern } from '../../../../agent/model/hostname.ts';
import type { Source } from '../../../../agent/model/workload.ts';
import type { DestinationPolicy } from '../../../../agent/registry/destination-policy.ts';
import type { GatewayServers } from '../../../../agent/registry/gateway-servers.ts';
import type { ResourceSet } from '../../../../agent/registry/model.ts';
import type {
  Destination,
  GatewayKey,
  HttpMatch,
  RouteTable,
  SourceMatch,
  TextMatch,
} from '../../../../agent/registry/route-table.ts';
import { CIDRS, IPS, modes, NAMES, NAMESPACES, PATTERNS, PORTS, said, shown, subset } from './arbitraries.ts';
import { cidr, hostname, ip, OPEN, port, request, workload } from './builders.ts';
import { GATEWAY_LABELS, OUTSIDE, service, setOf, slice, UNKNOWN } from './resources.ts';

// Routes, gateways and DestinationRules in the world of arbitraries.ts: few values, so that they meet.

const KEYS: readonly GatewayKey[] = ['mesh', 'shop/gw'];
const EGRESS = 'egress.istio-system.svc.cluster.local';
/** More often not: a match that asks for much is never met. */
const maybe = <T>(values: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: values });
const ports = fc.constantFrom(...PORTS).map(port);
const patterns: fc.Arbitrary<HostPattern | 'any'> = fc
  .constantFrom(...PATTERNS, '*')
  .map((text) => (text === '*' ? 'any' : (parseHostPattern(text) ?? 'any')));
/** What servers have, and often the hosts of routes. */
const wide = fc.oneof({ weight: 2, arbitrary: fc.constantFrom('any' as const) }, { weight: 1, arbitrary: patterns });
const visible = fc.oneof(
  fc.constant('all' as const),
  subset([...NAMESPACES, 'istio-system'], 1).map((all) => new Set(all)),
);

const text = (...texts: readonly string[]): fc.Arbitrary<TextMatch> =>
  fc.oneof(
    fc
      .constantFrom(...texts)
      .chain((each) => fc.constantFrom('exact' as const, 'prefix' as const).map((kind) => ({ kind, text: each }))),
    fc
      .constantFrom(...texts)
      .map((each) => ({ kind: 'regex' as const, source: each, matches: (other: string) => other === each })),
  );

const source = (gateways: readonly GatewayKey[]): fc.Arbitrary<SourceMatch> =>
  fc.record({
    gateways: fc.oneof({ weight: 3, arbitrary: fc.constant(gateways) }, { weight: 1, arbitrary: subset(gateways, 1) }),
    port: maybe(ports),
    sourceNamespace: maybe(fc.constantFrom(...NAMESPACES)),
    sourceLabels: fc.oneof(
      { weight: 3, arbitrary: fc.constant({}) },
      { weight: 1, arbitrary: fc.constant({ app: 'web' }) },
    ),
  });

const condition = fc.record({ name: fc.constantFrom('x-user', 'x-none'), value: maybe(text('jason')) });
const conditions = fc.oneof(
  { weight: 3, arbitrary: fc.constant([]) },
  { weight: 1, arbitrary: fc.array(condition, { minLength: 1, maxLength: 1 }) },
);

const httpMatch = (gateways: readonly GatewayKey[]): fc.Arbitrary<HttpMatch> =>
  fc.record({
    name: maybe(fc.constant('m')),
    source: source(gateways),
    uri: maybe(text('/', '/x', '/y')),
    ignoreUriCase: fc.boolean(),
    scheme: maybe(text('http')),
    method: maybe(text('GET')),
    authority: maybe(text('a.test')),
    headers: conditions,
    withoutHeaders: conditions,
    queryParams: conditions,
  });

const destination: fc.Arbitrary<Destination> = fc.record({
  host: fc.constantFrom(...NAMES, 'none.test', EGRESS).map(hostname),
  port: maybe(ports),
  subset: maybe(fc.constant('v1')),
  weight: fc.nat(2),
});
const destinations = fc.array(destination, { minLength: 1, maxLength: 2 });

const subnets = fc.oneof(
  { weight: 3, arbitrary: fc.constant([]) },
  { weight: 1, arbitrary: subset(CIDRS, 1).map((all) => all.map(cidr)) },
);

const table: fc.Arbitrary<RouteTable> = subset(KEYS, 1).chain((gateways) =>
  fc.record({
    ref: refs('VirtualService'),
    createdAt: maybe(fc.nat(2)),
    visibleTo: visible,
    hosts: fc.array(gateways.includes('mesh') ? patterns : wide, { minLength: 1, maxLength: 2 }),
    gateways: fc.constant(gateways),
    http: fc.array(
      fc.record({
        name: maybe(fc.constantFrom('r1', 'r2')),
        matches: fc.array(httpMatch(gateways), { minLength: 1, maxLength: 2 }),
        action: fc.oneof(
          { weight: 4, arbitrary: destinations.map((all) => ({ kind: 'route' as const, destinations: all })) },
          { weight: 1, arbitrary: fc.constant({ kind: 'unsupported' as const, what: 'redirect' }) },
        ),
      }),
      { maxLength: 3 },
    ),
    tls: fc.array(
      fc.record({
        matches: fc.array(
          fc.record({
            source: source(gateways),
            destinationSubnets: subnets,
            sniHosts: fc.array(patterns, { minLength: 1, maxLength: 2 }),
          }),
          { minLength: 1, maxLength: 2 },
        ),
        destinations,
      }),
      { maxLength: 2 },
    ),
    tcp: fc.array(
      fc.record({
        matches: fc.array(fc.record({ source: source(gateways), destinationSubnets: subnets }), {
          minLength: 1,
          maxLength: 2,
        }),
        destinations,
      }),
      { maxLength: 2 },
    ),
  }),
);

const gatewayServers: fc.Arbitrary<GatewayServers> = fc.record({
  ref: fc.constant({ kind: 'Gateway', namespace: 'shop', name: 'gw' }),
  createdAt: fc.constant(undefined),
  selector: fc.constantFrom({}, GATEWAY_LABELS, GATEWAY_LABELS, GATEWAY_LABELS, { istio: 'other' }),
  servers: fc.array(
    fc.record({
      port: ports,
      protocol: fc.constantFrom('http' as const, 'tls' as const, 'tcp' as const),
      hosts: fc.array(fc.record({ namespace: maybe(fc.constantFrom(...NAMESPACES)), pattern: wide }), {
        minLength: 1,
        maxLength: 2,
      }),
    }),
    { minLength: 2, maxLength: 5 },
  ),
});

const security = fc.constantFrom('plain' as const, 'encrypted' as const);
const policy: fc.Arbitrary<DestinationPolicy> = fc.record({
  ref: refs('DestinationRule'),
  createdAt: fc.constant(undefined),
  visibleTo: visible,
  host: patterns.filter((pattern) => pattern !== 'any'),
  tls: security,
  portTls: fc.array(fc.tuple(ports, security), { maxLength: 1 }).map((all) => new Map(all)),
  subsets: fc.array(fc.tuple(fc.constant('v1'), maybe(security)), { maxLength: 1 }).map((all) => new Map(all)),
});

const SERVICES = setOf({
  written: [service('egress', ['80', '443 8443']), slice('egress', ['p80 80'], ['198.18.64.7'])],
});

/** Everything that can be compiled; `bare`: the same grants and mode alone. */
export type Pair = { readonly full: ResourceSet; readonly bare: ResourceSet };

export const sets: fc.Arbitrary<Pair> = fc
  .record({
    listed: fc.array(said, { minLength: 1, maxLength: 5 }),
    mode: modes,
    routeTables: fc.array(table, { minLength: 1, maxLength: 3 }),
    gateways: fc.array(gatewayServers, { minLength: 1, maxLength: 2 }),
    destinationPolicies: fc.array(policy, { maxLength: 1 }),
  })
  .map(({ listed, mode, routeTables, gateways, destinationPolicies }) => {
    const apart = listed.map((each, at) => ({ ...each, name: `${each.name}-${at}` }));
    const bare = setOf({ listed: apart, ...(mode ? { mode } : {}) });
    const { services, endpoints } = SERVICES;
    return { bare, full: { ...bare, routeTables, gateways, services, endpoints, destinationPolicies } };
  });

const PATHS = ['/', '/x', '/y', '/x/../y', '/%78', '//x', '/x?x-user=jason'];

/** Requests that differ in all that routes look at. */
export const requests: fc.Arbitrary<Evidence> = fc
  .tuple(
    fc.constantFrom('GET', 'POST'),
    fc.constantFrom(...NAMES, 'a.test:80', 'c.test', ''),
    fc.constantFrom(...PATHS),
    fc.subarray(['x-user: jason', 'x-other: 1']),
  )
  .map(([method, host, path, headers]) => request(`${method} ${host}${path}`, ...headers));

export const evidences: fc.Arbitrary<Evidence> = fc.oneof(
  { weight: 3, arbitrary: requests },
  { weight: 2, arbitrary: shown },
);

const pods: fc.Arbitrary<Source> = fc
  .tuple(fc.constantFrom(...NAMESPACES, ...NAMESPACES, 'elsewhere'), fc.constantFrom(undefined, {}, { app: 'web' }))
  .map(([namespace, labels]) => ({ kind: 'workload', workload: { ...workload(namespace), labels } }));

const ips = fc.constantFrom(...IPS).map(ip);

export const meshFlows: fc.Arbitrary<FlowFacts> = fc.record({
  source: pods,
  destination: fc.record({ ip: ips, port: fc.constantFrom(80, 443, 81).map(port) }),
  evidence: evidences,
  answers: fc.constant(undefined),
});

const clients = fc.oneof({ weight: 3, arbitrary: pods }, { weight: 1, arbitrary: fc.constantFrom(OUTSIDE, UNKNOWN) });

export const gatewayFlows: fc.Arbitrary<FlowFacts> = fc
  .record({
    source: clients,
    told: fc.boolean(),
    listener: fc.constantFrom(80, 80, 8443, 8443, 443).map(port), // the Service maps 443

    dialled: fc.record({ ip: ips, port: fc.constantFrom(80, 443, 81).map(port) }),
    evidence: fc.oneof({ weight: 6, arbitrary: evidences }, { weight: 1, arbitrary: fc.constant(OPEN) }),
  })
  .map(({ source: from, told, listener, dialled, evidence }) => ({
    source: from,
    listener,
    destination: told ? dialled : { ip: undefined, port: listener },
    evidence,
    answers: undefined,
  }));

function refs(kind: string) {
  return fc.record({
    kind: fc.constant(kind),
    namespace: fc.constantFrom(...NAMESPACES),
    name: fc.constantFrom('one', 'two'),
  });
}
