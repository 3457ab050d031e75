import { deepEqual, equal } from 'node:assert/strict';
import { describe, test } from 'node:test';
import { compile } from '../../../../../agent/registry/compile.ts';
import type { BoundTable, Listener } from '../../../../../agent/registry/index/listeners.ts';
import { selects } from '../../../../../agent/registry/index/listeners.ts';
import type { NameIndex } from '../../../../../agent/registry/index/names.ts';
import { GATEWAY, gateway, gatewayOf, pod, service, setOf, to, virtualService, type Written } from '../resources.ts';

/** All listeners as text: the port listened on, and what is bound there. */
function opened(
  written: readonly Written[],
  labels?: Readonly<Record<string, string>>,
): Readonly<Record<string, unknown>> {
  const { listeners } = gatewayOf({ written }, labels);
  return Object.fromEntries([...listeners].map(([port, listener]) => [port, boundAt(listener)]));
}

function boundAt({ http, tls, tcp }: Listener): Readonly<Record<string, readonly string[]>> {
  return {
    ...(http ? { http: boundIn(http) } : {}),
    ...(tls ? { tls: boundIn(tls) } : {}),
    ...(tcp ? { tcp: tcp.map(nameOf) } : {}),
  };
}

function boundIn({ exact, suffix, any }: NameIndex<BoundTable>): readonly string[] {
  return [
    ...[...exact].map(([name, all]) => `${name}: ${all.map(nameOf).join(' ')}`),
    ...[...suffix].map(([name, all]) => `*.${name}: ${all.map(nameOf).join(' ')}`),
    ...(any.length > 0 ? [`*: ${any.map(nameOf).join(' ')}`] : []),
  ];
}

function nameOf({ table, key }: BoundTable): string {
  return `${table.ref.name}@${key}`;
}

const HTTP = [{ route: [to('a.test')] }];
const forHosts = (...hosts: readonly string[]) => virtualService({ hosts, gateways: ['egress-gw'], http: HTTP });

test('a Gateway that selects other labels opens nothing', () => {
  deepEqual(opened([gateway(['80 HTTP *'], {}, { istio: 'ingressgateway' })]), {});
  deepEqual(opened([gateway(['80 HTTP *'], {}, { istio: 'egressgateway', zone: 'a' })]), {});
  deepEqual(opened([gateway(['80 HTTP *'], {}, {})], {}), { 80: { http: [] } }, 'an empty selector is for all');
});

test('without labels of its own a gateway has those of its Pod', () => {
  const written = [gateway(['80 HTTP *']), pod('istio-system', 'egress-0', { istio: 'egressgateway' })];
  const { listeners } = compile(setOf({ written }), 1, { ...GATEWAY, labels: undefined });
  deepEqual([...listeners.keys()], [80]);
  deepEqual(opened(written, {}), {}, 'none is also an answer');
  const stranger = { ...GATEWAY, name: 'egress-1', labels: undefined };
  equal(compile(setOf({ written }), 1, stranger).listeners.size, 0, 'nothing is known of its labels');
});

test('each server opens its port, also if no route is for it', () => {
  deepEqual(opened([gateway(['80 HTTP *', '443 TLS *', '3306 TCP *'])]), {
    80: { http: [] },
    443: { tls: [] },
    3306: { tcp: [] },
  });
});

const hosts: readonly (readonly [server: string, routes: readonly string[], want: readonly string[]])[] = [
  ['a.test', ['a.test'], ['a.test: api@shop/egress-gw']],
  ['a.test', ['b.test'], []],
  ['*.test', ['a.test'], ['a.test: api@shop/egress-gw']],
  ['a.test', ['*.test'], ['a.test: api@shop/egress-gw']],
  ['*.test', ['*.a.test'], ['*.a.test: api@shop/egress-gw']],
  ['*', ['*'], ['*: api@shop/egress-gw']],
  ['*', ['a.test', '*.b.test'], ['a.test: api@shop/egress-gw', '*.b.test: api@shop/egress-gw']],
  ['a.test', ['*'], ['a.test: api@shop/egress-gw']],
  ['shop/a.test', ['a.test'], ['a.test: api@shop/egress-gw']],
  ['./a.test', ['a.test'], ['a.test: api@shop/egress-gw']],
  ['*/a.test', ['a.test'], ['a.test: api@shop/egress-gw']],
  ['bank/a.test', ['a.test'], []],
];

describe('a VirtualService is bound where its hosts and those of the server meet', () => {
  for (const [server, routes, want] of hosts) {
    test(`server ${server}, routes for ${routes.join(' ')}: ${want.length > 0 ? 'bound' : 'not bound'}`, () => {
      deepEqual(opened([gateway([`80 HTTP ${server}`]), forHosts(...routes)]), { 80: { http: want } });
    });
  }
});

test('"." is the namespace of the Gateway, not of the VirtualService', () => {
  const foreign = virtualService(
    { hosts: ['a.test'], gateways: ['shop/egress-gw'], http: HTTP },
    { namespace: 'bank' },
  );
  deepEqual(opened([gateway(['80 HTTP ./a.test']), foreign]), { 80: { http: [] } });
  deepEqual(opened([gateway(['80 HTTP a.test']), foreign]), { 80: { http: ['a.test: api@shop/egress-gw'] } });
});

test('one that names another Gateway is not bound', () => {
  const other = virtualService({ hosts: ['a.test'], gateways: ['mesh', 'other-gw'], http: HTTP });
  deepEqual(opened([gateway(['80 HTTP *']), other]), { 80: { http: [] } });
});

test('several of one host are bound together, older ones first', () => {
  const made = (name: string, day: number) =>
    virtualService(
      { hosts: ['a.test'], gateways: ['egress-gw'], http: HTTP },
      { name, creationTimestamp: `2026-01-0${day}T00:00:00Z` },
    );
  deepEqual(opened([gateway(['80 HTTP *']), made('young', 2), made('old', 1)]), {
    80: { http: ['a.test: old@shop/egress-gw young@shop/egress-gw'] },
  });
});

test('bound once, though two servers of a port have its host', () => {
  const servers = ['80 HTTP a.test', '80 HTTP *.test'];
  deepEqual(opened([gateway(servers), forHosts('a.test')]), { 80: { http: ['a.test: api@shop/egress-gw'] } });
  deepEqual(opened([gateway(['80 HTTP *', '80 HTTP *']), forHosts('*')]), { 80: { http: ['*: api@shop/egress-gw'] } });
  const tcp = virtualService({
    hosts: ['a.test', 'b.test'],
    gateways: ['egress-gw'],
    tcp: [{ route: [to('a.test')] }],
  });
  deepEqual(opened([gateway(['80 TCP *', '80 TCP a.test']), tcp]), { 80: { tcp: ['api@shop/egress-gw'] } });
});

test('but by each of two Gateways', () => {
  const both = virtualService({ hosts: ['a.test'], gateways: ['egress-gw', 'second-gw'], http: HTTP });
  deepEqual(opened([gateway(['80 HTTP *']), gateway(['80 HTTP *'], { name: 'second-gw' }), both]), {
    80: { http: ['a.test: api@shop/egress-gw api@shop/second-gw'] },
  });
});

test('TCP servers look at hosts too, before anything is said', () => {
  const db = virtualService({ hosts: ['db.test'], gateways: ['egress-gw'], tcp: [{ route: [to('db.test')] }] });
  deepEqual(opened([gateway(['3306 TCP db.test']), db]), { 3306: { tcp: ['api@shop/egress-gw'] } });
  deepEqual(opened([gateway(['3306 TCP other.test']), db]), { 3306: { tcp: [] } });
});

test("the port listened on is the targetPort of the gateway's own Service", () => {
  const servers = gateway(['80 HTTP *', '443 TLS *', '81 HTTP *']);
  deepEqual(Object.keys(opened([servers, service('egress', ['80 8080', '443'])])), ['81', '443', '8080']);
  const listener = gatewayOf({ written: [servers, service('egress', ['80 8080'])] }).listeners;
  deepEqual(
    [...listener].map(([port, { serverPort }]) => `${serverPort} at ${port}`),
    ['80 at 8080', '443 at 443', '81 at 81'],
  );
});

test('a Service that does not select the gateway maps nothing', () => {
  const others: readonly Written[] = [
    service('other', ['80 8080'], {}, { selector: { istio: 'ingressgateway' } }),
    service('nobody', ['80 8081'], {}, { selector: {} }),
    service('foreign', ['80 8082'], { namespace: 'evil' }),
  ];
  deepEqual(Object.keys(opened([gateway(['80 HTTP *']), ...others])), ['80']);
});

test('a targetPort that the pods name is not known: the port itself', () => {
  const ports = { ports: [{ port: 80, name: 'http', targetPort: 'web' }] };
  deepEqual(Object.keys(opened([gateway(['80 HTTP *']), service('egress', [], {}, ports)])), ['80']);
});

test('HTTP and TLS may share a port, of two Gateways', () => {
  deepEqual(opened([gateway(['80 HTTP *']), gateway(['80 TLS *'], { name: 'tls-gw' })]), { 80: { http: [], tls: [] } });
});

test('labels select by value, and an object has no labels of its own', () => {
  equal(selects({}, {}), true);
  equal(selects({ a: '1' }, { a: '1', b: '2' }), true);
  equal(selects({ a: '1', b: '2' }, { a: '1' }), false);
  equal(selects({ a: '' }, {}), false);
  equal(selects({ constructor: 'x' }, {}), false);
});
