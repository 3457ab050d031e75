import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { decide } from '../../../../agent/registry/decide.ts';
import { http, type Said, tls } from './builders.ts';
import {
  arriving,
  GATEWAY,
  type Given,
  gateway,
  gatewayOf,
  OUTSIDE,
  podOf,
  service,
  to,
  virtualService,
} from './resources.ts';
import { gatewayRows, outcome } from './route-rows.ts';

// A gateway is no way round the grants: what a workload may not have beside itself it does not get there either.

const API: Said = { name: 'api', hosts: ['api.test'], ports: ['80 http'] };
const ROUTES = virtualService({
  hosts: ['api.test'],
  gateways: ['egress-gw'],
  http: [{ name: 'api', route: [to('api.test:80')] }],
});
const served = (...listed: readonly Said[]): Given => ({ listed, written: [gateway(['80 HTTP api.test']), ROUTES] });
const ASKS = arriving(80, http('api.test'));
/** Listed for the gateway, so that its route leads somewhere, and not for the source. */
const FOR_GATEWAY: Said = { ...API, to: ['istio-system'] };

gatewayRows('HTTP and the grants of its source', [
  { says: 'listed for it', given: served(API), asks: ASKS, want: 'route api' },
  {
    says: 'not listed for it: 502 after the route (B17)',
    given: served(FOR_GATEWAY),
    asks: ASKS,
    want: '502 not-listed',
  },
  { says: 'not listed at all', given: served(), asks: ASKS, want: '502 not-listed' },
  {
    says: 'an unknown Host is still 404, listed or not',
    given: served(),
    asks: arriving(80, http('other.test')),
    want: '404 no-route',
  },
  {
    says: 'a client from outside needs none',
    given: served(FOR_GATEWAY),
    asks: arriving(80, http('api.test'), { from: OUTSIDE }),
    want: 'route api',
  },
  {
    says: 'ALLOW_ANY: it passes by the route, as what nobody lists does',
    given: { ...served(FOR_GATEWAY), mode: 'ALLOW_ANY' },
    asks: ASKS,
    want: 'route api (allow-any)',
  },
  {
    says: 'ALLOW_ANY opens no route',
    given: { ...served(), mode: 'ALLOW_ANY' },
    asks: arriving(80, http('x.test')),
    want: '404 no-route',
  },
  {
    says: 'listed with another protocol',
    given: served(FOR_GATEWAY, { ...API, ports: ['80 tls'], to: ['shop'] }),
    asks: ASKS,
    want: '502 protocol-mismatch',
  },
  {
    says: 'a grant of the name counts wherever the route leads',
    given: {
      listed: [API, { name: 'backend', hosts: ['backend.test'], ports: ['8080 http'], to: ['istio-system'] }],
      written: [
        gateway(['80 HTTP api.test']),
        virtualService({
          hosts: ['api.test'],
          gateways: ['egress-gw'],
          http: [{ name: 'moved', match: [{ port: 80 }], route: [to('backend.test:8080')] }],
        }),
      ],
    },
    asks: arriving(80, http('api.test'), { dialled: '203.0.113.9:80' }),
    want: 'route moved',
  },
]);

const TCP_ON_80: Said = { name: 'db', hosts: ['db.test'], ports: ['80 tcp'], to: ['shop'] };

gatewayRows('a grant by port or address says nothing of a name', [
  {
    says: 'TCP to another host on that port does not open the name',
    given: served(FOR_GATEWAY, TCP_ON_80),
    asks: ASKS,
    want: '502 not-listed',
  },
  {
    says: 'nor where the client was on its way to the listed address',
    given: served(FOR_GATEWAY, { ...TCP_ON_80, addresses: ['203.0.113.0/24'] }),
    asks: arriving(80, http('api.test'), { dialled: '203.0.113.9:80' }),
    want: '502 not-listed',
  },
  {
    says: 'nor one of several, for which answers would be needed',
    given: served(FOR_GATEWAY, TCP_ON_80, { ...TCP_ON_80, name: 'db2', hosts: ['db2.test'] }),
    asks: ASKS,
    want: '502 not-listed',
  },
  {
    says: 'TCP to the very host that the route leads to does',
    given: served({ ...API, ports: ['80 tcp'] }),
    asks: ASKS,
    want: 'route api',
  },
  {
    says: 'not if only one of its ways is listed',
    given: {
      listed: [
        { ...API, ports: ['80 tcp'] },
        { name: 'other', hosts: ['other.test'], ports: ['80 tcp'], to: ['istio-system'] },
      ],
      written: [
        gateway(['80 HTTP api.test']),
        virtualService({
          hosts: ['api.test'],
          gateways: ['egress-gw'],
          http: [{ name: 'both', route: [to('api.test:80', 1), to('other.test:80', 1)] }],
        }),
      ],
    },
    asks: ASKS,
    want: '502 not-listed',
  },
  {
    says: 'TLS by name: neither',
    given: {
      listed: [
        { ...API, ports: ['443 tls'], to: ['istio-system'] },
        { ...TCP_ON_80, ports: ['443 tcp'] },
      ],
      written: [
        gateway(['443 TLS api.test']),
        virtualService({
          hosts: ['api.test'],
          gateways: ['egress-gw'],
          tls: [{ match: [{ sniHosts: ['api.test'] }], route: [to('api.test:443')] }],
        }),
      ],
    },
    asks: arriving(443, tls('api.test')),
    want: '502 not-listed',
  },
]);

const TO_8081 = (port?: number): Given => ({
  listed: [{ ...API, ports: ['8081 http'] }],
  written: [
    gateway(['80 HTTP api.test']),
    virtualService({
      hosts: ['api.test'],
      gateways: ['egress-gw'],
      http: [{ name: 'moved', route: [to(port === undefined ? 'api.test' : `api.test:${port}`)] }],
    }),
  ],
});

gatewayRows('the port that the grants are asked for', [
  { says: 'not told: the one that the route leads to', given: TO_8081(8081), asks: ASKS, want: 'route moved' },
  {
    says: 'not told, and the route names none: the only one of the host',
    given: TO_8081(),
    asks: ASKS,
    want: 'route moved',
  },
  {
    says: 'not the port of the listener',
    given: { ...TO_8081(8081), listed: [API] },
    asks: ASKS,
    want: '502 not-listed',
  },
  {
    says: 'told: the one that the client dialled',
    given: TO_8081(8081),
    asks: arriving(80, http('api.test'), { dialled: '203.0.113.9:8081' }),
    want: 'route moved',
  },
  {
    says: 'told: not the one that the route leads to',
    given: TO_8081(8081),
    asks: arriving(80, http('api.test'), { dialled: '203.0.113.9:80' }),
    want: '502 not-listed',
  },
  {
    says: 'told: a Host port chooses the rule, as beside the workload',
    given: served(API, { name: 'else', hosts: ['else.test'], ports: ['8081 http'] }),
    asks: arriving(80, http('api.test:80'), { dialled: '203.0.113.9:8081' }),
    want: 'route api',
  },
  {
    says: 'a Service that the route leads to: its port',
    given: {
      listed: [{ ...API, ports: ['8443 http'] }],
      written: [
        gateway(['80 HTTP api.test']),
        service('next', ['8443'], {}, { selector: { app: 'next' } }),
        virtualService({
          hosts: ['api.test'],
          gateways: ['egress-gw'],
          http: [{ name: 'next', route: [to('next.istio-system.svc.cluster.local')] }],
        }),
      ],
    },
    asks: ASKS,
    want: 'route next',
  },
  {
    says: 'not of a destination that nobody is sent to',
    given: {
      listed: [API],
      written: [
        gateway(['80 HTTP api.test']),
        virtualService({
          hosts: ['api.test'],
          gateways: ['egress-gw'],
          http: [{ name: 'weighed', route: [to('none.test:9', 0), to('api.test:80', 1)] }],
        }),
      ],
    },
    asks: ASKS,
    want: 'route weighed',
  },
]);

test('what is admitted names the grant, the Gateway and the VirtualService', () => {
  const allowed = decide(gatewayOf(served(API)), GATEWAY, ASKS);
  ok(allowed.kind === 'allow');
  deepEqual(
    allowed.matched.map(({ kind, name }) => `${kind} ${name}`),
    ['ServiceEntry api', 'Gateway egress-gw', 'VirtualService api'],
  );
  deepEqual(allowed.dependsOn, ['source', 'port', 'http-host']);
});

test('what is refused by the mode names what set it, and what would have taken it', () => {
  const given: Given = { ...served(FOR_GATEWAY), mode: 'REGISTRY_ONLY' };
  const refused = decide(gatewayOf(given), GATEWAY, ASKS);
  ok(refused.kind === 'deny');
  deepEqual(
    refused.matched.map(({ kind, name }) => `${kind} ${name}`),
    ['ConfigMap istio', 'Gateway egress-gw', 'VirtualService api'],
  );
  deepEqual(refused.dependsOn, ['source', 'port', 'http-host', 'destination']);
});

test('a client from outside is asked for no grant, whatever the mode', () => {
  for (const mode of ['REGISTRY_ONLY', 'ALLOW_ANY'] as const) {
    const decision = decide(
      gatewayOf({ ...served(FOR_GATEWAY), mode }),
      GATEWAY,
      arriving(80, http('api.test'), { from: OUTSIDE }),
    );
    equal(outcome(decision), 'route api', mode);
  }
});

test('another namespace has its own grants', () => {
  const given = served({ ...API, to: ['bank', 'istio-system'] });
  const from = (namespace: string) =>
    outcome(decide(gatewayOf(given), GATEWAY, arriving(80, http('api.test'), { from: podOf(namespace) })));
  deepEqual([from('bank'), from('shop')], ['route api', '502 not-listed']);
});
