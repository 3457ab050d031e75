import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { decide } from '../../../../agent/registry/decide.ts';
import { MESH, request, resolved, type Said, SILENT } from './builders.ts';
import { destinationRule, type Given, meshOf, to, virtualService } from './resources.ts';
import {
  ALL,
  API,
  asks,
  GATEWAY_SERVICE,
  meshRows,
  NOWHERE,
  OTHER,
  outcome,
  SOME,
  STEERED,
  taking,
} from './route-rows.ts';

meshRows('what is refused rather than sent without', [
  ...['redirect', 'directResponse', 'delegate'].map((what) => ({
    says: `a route with ${what}`,
    given: { listed: [API], written: [virtualService({ hosts: ['api.test'], http: [{ [what]: {} }] })] },
    asks: asks(),
    want: '503 route-unsupported',
  })),
  {
    says: 'a route with rewrite',
    given: {
      listed: [API],
      written: [virtualService({ hosts: ['api.test'], http: [{ rewrite: { uri: '/' }, route: [to('api.test')] }] })],
    },
    asks: asks(),
    want: '503 route-unsupported',
  },
  {
    says: 'a route that another one is before',
    given: {
      listed: [API],
      written: [
        virtualService({ hosts: ['api.test'], http: [{ name: 'first', route: [to('api.test')] }, { redirect: {} }] }),
      ],
    },
    asks: asks(),
    want: 'route first',
  },
  {
    says: 'TLS that a DestinationRule asks for, without any route',
    given: {
      listed: [API],
      written: [destinationRule({ host: 'api.test', trafficPolicy: { tls: { mode: 'SIMPLE' } } })],
    },
    asks: asks(),
    want: '503 tls-not-originated',
  },
  {
    says: 'TLS that a DestinationRule asks for, towards a wildcard that shows no name',
    given: {
      listed: [{ name: 'db', hosts: ['*.db.test'], ports: ['3306 tcp'], reach: ['198.18.0.1'] }],
      written: [destinationRule({ host: '*.db.test', trafficPolicy: { tls: { mode: 'SIMPLE' } } })],
    },
    asks: asks(SILENT, 3306),
    want: '503 tls-not-originated',
  },
  {
    says: 'DISABLE is as it comes',
    given: {
      listed: [API],
      written: [destinationRule({ host: 'api.test', trafficPolicy: { tls: { mode: 'DISABLE', sni: 'api.test' } } })],
    },
    asks: asks(),
    want: 'direct',
  },
  {
    says: 'a DestinationRule of a host that no route leads to any more',
    given: {
      ...STEERED,
      written: [
        ALL,
        GATEWAY_SERVICE,
        destinationRule({ host: 'api.test', trafficPolicy: { tls: { mode: 'SIMPLE' } } }),
      ],
    },
    asks: asks(),
    want: 'route all',
  },
  {
    says: 'what no resource lists has no DestinationRule',
    given: {
      mode: 'ALLOW_ANY',
      written: [destinationRule({ host: 'api.test', trafficPolicy: { tls: { mode: 'SIMPLE' } } })],
    },
    asks: asks(),
    want: 'allow-any',
  },
]);

const ADMIN: Given = {
  listed: [API],
  written: [
    virtualService({
      hosts: ['api.test'],
      http: [
        { name: 'admin', match: [{ uri: { prefix: '/admin' } }], route: [NOWHERE] },
        { name: 'rest', route: [to('api.test')] },
      ],
    }),
  ],
};

meshRows('a path that can be read in two ways', [
  {
    says: 'plain',
    given: ADMIN,
    asks: asks(request('GET api.test/admin/x')),
    want: 'route admin to nowhere',
  },
  ...['/x/../admin/x', '/%61dmin/x', '//admin/x', '/x/..%2fadmin/x', '/x\\..\\admin/x', '/./admin/x'].map((path) => ({
    says: `${path} goes to both`,
    given: ADMIN,
    asks: asks(request(`GET api.test${path}`)),
    want: '404 path-ambiguous',
  })),
  {
    says: 'both readings of it go one way',
    given: ADMIN,
    asks: asks(request('GET api.test/a/../b')),
    want: 'route rest',
  },
  {
    says: 'a route that does not look at the path does not care',
    given: STEERED,
    asks: asks(request('GET api.test/x/../admin')),
    want: 'route all',
  },
  {
    says: 'one reading finds no route at all',
    given: taking({ uri: { prefix: '/get' } }),
    asks: asks(request('GET api.test/get/../post')),
    want: '404 path-ambiguous',
  },
]);

const STEPS: Given = {
  listed: [API],
  written: [
    virtualService({
      hosts: ['api.test'],
      http: [
        { match: [{ headers: { 'x-user': {} } }], route: [to('api.test')] },
        { match: [{ uri: { exact: '/get' }, method: { exact: 'POST' } }], route: [to('api.test')] },
        { name: 'last', route: [to('api.test')] },
      ],
    }),
  ],
};

const looked = [
  { says: 'the routes tried before count too', at: '/get', adds: ['http-headers', 'http-path', 'http-method'] },
  { says: 'what was not come to does not', at: '/', adds: ['http-headers', 'http-path'] },
];

for (const { says, at: path, adds } of looked) {
  test(`a verdict depends on what was looked at: ${says}`, () => {
    const decision = decide(meshOf(STEPS), MESH, asks(request(`GET api.test${path}`)));
    ok(decision.kind === 'allow');
    equal(decision.route.name, 'last');
    deepEqual(decision.dependsOn, ['source', 'port', 'http-host', ...adds]);
  });
}

test('so does a refusal', () => {
  const given = taking({ uri: { exact: '/get' }, method: { exact: 'GET' } });
  const refused = decide(meshOf(given), MESH, asks(request('POST api.test/get')));
  ok(refused.kind === 'deny');
  deepEqual(refused.dependsOn, ['source', 'port', 'http-host', 'http-path', 'http-method']);
  deepEqual(refused.matched, [{ kind: 'ServiceEntry', namespace: 'shop', name: 'api' }]);
  equal(refused.flag, 'NR');
});

test('also one that stands at the end of a route', () => {
  const rule = destinationRule({ host: 'api.test', trafficPolicy: { tls: { mode: 'SIMPLE' } } });
  const { listed, written } = ADMIN;
  const given = { ...(listed ? { listed } : {}), written: [...(written ?? []), rule] };
  const refused = decide(meshOf(given), MESH, asks(request('GET api.test/')));
  ok(refused.kind === 'deny');
  equal(outcome(refused), '503 tls-not-originated');
  deepEqual(refused.dependsOn, ['source', 'port', 'http-host', 'http-path']);
  deepEqual(
    refused.matched.map(({ kind }) => kind),
    ['ServiceEntry', 'VirtualService', 'DestinationRule'],
  );
});

test('the verdict names the grant, then the VirtualService', () => {
  const allowed = decide(meshOf(STEERED), MESH, asks());
  deepEqual(allowed.kind === 'allow' && allowed.matched, [
    { kind: 'ServiceEntry', namespace: 'shop', name: 'api' },
    { kind: 'VirtualService', namespace: 'shop', name: 'api' },
  ]);
});

test('a destination that keeps the original address asks for its answers', () => {
  const kept: Said = { ...OTHER, reach: 'original' };
  const given = {
    listed: [API, kept],
    written: [virtualService({ hosts: ['api.test'], http: [{ name: 'other', route: [to('other.test:80')] }] })],
  };
  equal(outcome(decide(meshOf(given), MESH, asks())), 'need answers other.test');
  const known = { ...asks(), answers: resolved({ 'other.test': [SOME] }) };
  const allowed = decide(meshOf(given), MESH, known);
  ok(allowed.kind === 'allow');
  equal(allowed.route.dial, 'original');
  deepEqual(allowed.dependsOn, ['source', 'port', 'http-host', 'destination', 'answers']);
});

test('the trace tells the way in sentences', () => {
  const steps: string[] = [];
  decide(meshOf(STEERED), MESH, asks(), (step) => steps.push(step));
  deepEqual(steps, [
    'ServiceEntry shop/api admits Host api.test on port 80 (http)',
    'VirtualService shop/api is for api.test (hop mesh)',
    'its http[0] takes this',
    'it goes to Service istio-system/egress, port 80',
  ]);
});
