import { deepEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { readDocuments } from '../../../../../agent/sources/documents.ts';
import { seedFiles } from '../../../../support/lab/resources.ts';

const SEED_000 = seedFiles('seed-000');
const SEED_002 = seedFiles('seed-002');
const SEED_000_ROUTES = SEED_000['virtual-service.yaml'] ?? '';
const SEED_002_GATEWAY = SEED_002['proxy.yaml'] ?? '';
const SEED_002_EXTERNAL = SEED_002['service-entries.yaml'] ?? '';
const SEED_002_LOCALHOST = SEED_002['localhost.yaml'] ?? '';
const SEED_002_ROUTES = SEED_002['virtual-services.yaml'] ?? '';

function contributions(yaml: string): readonly unknown[] {
  return readDocuments('seed.yaml', yaml).map(({ contribution }) => contribution);
}

function problems(yaml: string): readonly string[] {
  return readDocuments('seed.yaml', yaml).flatMap((document) =>
    document.problems.map(
      ({ severity, path, message, position }) => `${position.line} ${severity} ${path}: ${message}`,
    ),
  );
}

const ALL = { createdAt: undefined, visibleTo: 'all' };
const EVERY_REQUEST = {
  name: undefined,
  uri: undefined,
  ignoreUriCase: false,
  scheme: undefined,
  method: undefined,
  authority: undefined,
  headers: [],
  withoutHeaders: [],
  queryParams: [],
};

function at(gateway: string, port: number) {
  return { gateways: [gateway], port, sourceNamespace: undefined, sourceLabels: {} };
}

function to(host: string, port: number) {
  return { kind: 'route', destinations: [{ host, port, subset: undefined, weight: 1 }] };
}

function exact(name: string) {
  return { kind: 'exact', name };
}

test('seed 000: the mesh leads to the egress gateway, and that to the host', () => {
  deepEqual(problems(SEED_000_ROUTES), []);
  const gateway = 'istio-egressgateway.istio-system.svc.cluster.local';
  deepEqual(contributions(SEED_000_ROUTES), [
    {
      kind: 'route-table',
      routeTable: {
        ref: { kind: 'VirtualService', namespace: 'default', name: 'egressgateway-vs' },
        ...ALL,
        hosts: [exact('aliyun.com')],
        gateways: ['default/egress-gw', 'mesh'],
        http: [
          { name: undefined, matches: [{ ...EVERY_REQUEST, source: at('mesh', 80) }], action: to(gateway, 80) },
          {
            name: undefined,
            matches: [{ ...EVERY_REQUEST, source: at('default/egress-gw', 80) }],
            action: to('aliyun.com', 80),
          },
        ],
        tls: [],
        tcp: [],
      },
    },
  ]);
});

test('seed 002: the gateway', () => {
  deepEqual(problems(SEED_002_GATEWAY), []);
  deepEqual(contributions(SEED_002_GATEWAY), [
    {
      kind: 'gateway',
      gateway: {
        ref: { kind: 'Gateway', namespace: 'default', name: 'proxy' },
        createdAt: undefined,
        selector: { istio: 'ingressgateway' },
        servers: [
          { port: 80, protocol: 'http', hosts: [{ namespace: undefined, pattern: exact('httpbin.org') }] },
          { port: 443, protocol: 'tls', hosts: [{ namespace: undefined, pattern: exact('edition.cnn.com') }] },
        ],
      },
    },
  ]);
});

test('seed 002: the services outside', () => {
  deepEqual(problems(SEED_002_EXTERNAL), []);
  deepEqual(contributions(SEED_002_EXTERNAL).length, 2);
});

test('B15, seed 002: DISABLE with sni means plaintext', () => {
  deepEqual(
    problems(SEED_002_LOCALHOST).filter((text) => !text.includes('127.0.0.1 is never dialled')),
    [],
  );
  deepEqual(contributions(SEED_002_LOCALHOST)[1], {
    kind: 'destination-policy',
    destinationPolicy: {
      ref: { kind: 'DestinationRule', namespace: 'default', name: 'localhost' },
      ...ALL,
      host: exact('localhost.local'),
      tls: 'plain',
      portTls: new Map(),
      subsets: new Map(),
    },
  });
});

test('seed 002: the routes, with sni_hosts in the old spelling', () => {
  const path = (route: number) => `spec.tls[${route}].match[0].sni_hosts`;
  deepEqual(problems(SEED_002_ROUTES), [
    `48 warning ${path(0)}: read as "sniHosts": an API server knows only that`,
    `59 warning ${path(1)}: read as "sniHosts": an API server knows only that`,
  ]);
  const table = (name: string, host: string) => ({
    ref: { kind: 'VirtualService', namespace: 'default', name },
    ...ALL,
    hosts: [exact(host)],
    gateways: ['default/proxy', 'mesh'],
  });
  const status = { kind: 'prefix', text: '/status' };
  const sni = { destinationSubnets: [], sniHosts: [exact('edition.cnn.com')] };
  deepEqual(contributions(SEED_002_ROUTES), [
    {
      kind: 'route-table',
      routeTable: {
        ...table('httpbin', 'httpbin.org'),
        http: [
          {
            name: undefined,
            matches: [{ ...EVERY_REQUEST, source: at('default/proxy', 80), uri: status }],
            action: to('httpbin.org', 80),
          },
          {
            name: undefined,
            matches: [{ ...EVERY_REQUEST, source: at('mesh', 80) }],
            action: to('localhost.local', 80),
          },
        ],
        tls: [],
        tcp: [],
      },
    },
    {
      kind: 'route-table',
      routeTable: {
        ...table('cnn', 'edition.cnn.com'),
        http: [],
        tls: [
          {
            matches: [{ source: at('default/proxy', 443), ...sni }],
            destinations: to('edition.cnn.com', 443).destinations,
          },
          { matches: [{ source: at('mesh', 443), ...sni }], destinations: to('localhost.local', 443).destinations },
        ],
        tcp: [],
      },
    },
  ]);
});
