import { HTTP2, http, OPAQUE, OPEN, request, type Said, SILENT, tls, workload } from './builders.ts';
import { OUTSIDE, podOf, to, UNKNOWN, virtualService } from './resources.ts';
import { ALL, API, asks, GATEWAY_SERVICE, meshRows, NOWHERE, STEERED, TO_GATEWAY, taking } from './route-rows.ts';

meshRows('a route never admits what no grant admits', [
  { says: 'listed: it goes the way of its route', given: STEERED, asks: asks(), want: 'route all' },
  { says: 'not listed: refused', given: { ...STEERED, listed: [] }, asks: asks(), want: '502 not-listed' },
  {
    says: 'ALLOW_ANY, not listed: it passes to where it was going, and not through the gateway (A13)',
    given: { ...STEERED, listed: [], mode: 'ALLOW_ANY' },
    asks: asks(),
    want: 'allow-any',
  },
  {
    says: 'listed for others alone: refused',
    given: { ...STEERED, listed: [{ ...API, to: ['bank'] }] },
    asks: asks(),
    want: '502 not-listed',
  },
  {
    says: 'listed under another port: refused',
    given: STEERED,
    asks: asks(http('api.test'), 8080),
    want: '502 not-listed',
  },
  {
    says: 'an unknown source is refused',
    given: STEERED,
    asks: { ...asks(), source: UNKNOWN },
    want: '502 source-unknown',
  },
  {
    says: 'so is a client from outside, which there is none of beside a workload',
    given: STEERED,
    asks: { ...asks(), source: OUTSIDE },
    want: '502 source-unknown',
  },
  { says: 'evidence still open: the head', given: STEERED, asks: asks(OPEN), want: 'need http-head' },
  { says: 'no HTTP where HTTP is listed', given: STEERED, asks: asks(OPAQUE), want: '502 protocol-mismatch' },
  { says: 'HTTP/2 without TLS', given: STEERED, asks: asks(HTTP2), want: '502 http2-undecidable' },
]);

meshRows('which requests a route takes', [
  {
    says: 'exact path',
    given: taking({ uri: { exact: '/get' } }),
    asks: asks(request('GET api.test/get?a=1')),
    want: 'route ok',
  },
  {
    says: 'a path that is longer',
    given: taking({ uri: { exact: '/get' } }),
    asks: asks(request('GET api.test/get/1')),
    want: '404 no-route',
  },
  {
    says: 'a prefix is one of text, not of segments',
    given: taking({ uri: { prefix: '/status' } }),
    asks: asks(request('GET api.test/statusfoo')),
    want: 'route ok',
  },
  {
    says: 'a method',
    given: taking({ method: { exact: 'GET' } }),
    asks: asks(request('POST api.test/')),
    want: '404 no-route',
  },
  {
    says: 'a header',
    given: taking({ headers: { 'X-User': { exact: 'jason' } } }),
    asks: asks(request('GET api.test/', 'x-user: jason')),
    want: 'route ok',
  },
  {
    says: 'a source label',
    given: taking({ sourceLabels: { app: 'web' }, uri: { prefix: '/' } }),
    asks: { ...asks(), source: podOf('shop', { app: 'web' }) },
    want: 'route ok',
  },
  {
    says: 'the port is the one that was dialled',
    given: taking({ port: 80 }),
    asks: asks(),
    want: 'route ok',
  },
]);

meshRows('whether a VirtualService is for such a flow at all', [
  { says: 'another port: as if there were none', given: taking({ port: 8080 }), asks: asks(), want: 'direct' },
  {
    says: 'another namespace: as if there were none',
    given: taking({ sourceNamespace: 'bank' }),
    asks: asks(),
    want: 'direct',
  },
  {
    says: 'other labels: as if there were none',
    given: taking({ sourceLabels: { app: 'other' } }),
    asks: { ...asks(), source: podOf('shop', { app: 'web' }) },
    want: 'direct',
  },
  {
    says: 'labels that no Pod resource tells: another route than the right one might be taken',
    given: taking({ sourceLabels: { app: 'web' } }),
    asks: { ...asks(), source: { kind: 'workload', workload: { ...workload('shop'), labels: undefined } } },
    want: '502 source-unknown',
  },
  {
    says: 'routes for TLS alone say nothing of HTTP',
    given: {
      listed: [API],
      written: [
        virtualService({
          hosts: ['api.test'],
          tls: [{ match: [{ sniHosts: ['api.test'] }], route: [to('api.test')] }],
        }),
      ],
    },
    asks: asks(),
    want: 'direct',
  },
  {
    says: 'some for such a flow and none that takes it: 404',
    given: taking({ uri: { exact: '/get' } }),
    asks: asks(),
    want: '404 no-route',
  },
  {
    says: 'for a Gateway alone: as if there were none',
    given: {
      listed: [API],
      written: [virtualService({ hosts: ['api.test'], gateways: ['egress-gw'], http: [{ route: [TO_GATEWAY] }] })],
    },
    asks: asks(),
    want: 'direct',
  },
  {
    says: 'a match at the Gateway is not one in the mesh',
    given: {
      listed: [API],
      written: [
        GATEWAY_SERVICE,
        virtualService({
          hosts: ['api.test'],
          gateways: ['mesh', 'egress-gw'],
          http: [
            { name: 'at-gateway', match: [{ gateways: ['egress-gw'] }], route: [to('api.test')] },
            { name: 'in-mesh', match: [{ gateways: ['mesh'], port: 80 }], route: [TO_GATEWAY] },
          ],
        }),
      ],
    },
    asks: asks(),
    want: 'route in-mesh',
  },
]);

const DB: Said = { name: 'db', hosts: ['db.test'], ports: ['3306 tcp'] };
const WILD: Said = { ...DB, hosts: ['*.db.test'], reach: ['198.18.0.1'] };
const SECURE: Said = { name: 'secure', hosts: ['api.test'], ports: ['443 tls'] };

meshRows('TLS and TCP', [
  {
    says: 'TLS by its name',
    given: {
      listed: [SECURE],
      written: [
        virtualService({
          hosts: ['api.test'],
          tls: [{ match: [{ sniHosts: ['api.test'] }], route: [NOWHERE] }],
        }),
      ],
    },
    asks: asks(tls('api.test'), 443),
    want: 'direct to nowhere',
  },
  {
    says: 'TLS that no route takes',
    given: {
      listed: [{ ...SECURE, hosts: ['*.api.test'] }],
      written: [
        virtualService({ hosts: ['*.api.test'], tls: [{ match: [{ sniHosts: ['a.api.test'] }], route: [NOWHERE] }] }),
      ],
    },
    asks: asks(tls('b.api.test'), 443),
    want: '404 no-route',
  },
  {
    says: 'routes for HTTP say nothing of TLS',
    given: { listed: [SECURE], written: [ALL, GATEWAY_SERVICE] },
    asks: asks(tls('api.test'), 443),
    want: 'direct',
  },
  {
    says: 'TCP by the address that was dialled',
    given: {
      listed: [DB],
      written: [
        virtualService({
          hosts: ['db.test'],
          tcp: [{ match: [{ destinationSubnets: ['203.0.113.0/24'], port: 3306 }], route: [NOWHERE] }],
        }),
      ],
    },
    asks: asks(OPAQUE, 3306),
    want: 'direct to nowhere',
  },
  {
    says: 'TCP to another address',
    given: {
      listed: [DB],
      written: [
        virtualService({
          hosts: ['db.test'],
          tcp: [{ match: [{ destinationSubnets: ['198.18.0.0/24'] }], route: [NOWHERE] }],
        }),
      ],
    },
    asks: asks(OPAQUE, 3306),
    want: '404 no-route',
  },
  {
    says: 'TCP at once: nobody looks at a name',
    given: {
      listed: [DB],
      written: [virtualService({ hosts: ['db.test'], tcp: [{ route: [to('db.test:3306')] }] })],
    },
    asks: asks(OPEN, 3306),
    want: 'direct',
  },
  {
    says: 'HTTP that is listed as TCP goes by routes for TCP',
    given: {
      listed: [{ ...API, ports: ['80 tcp'] }],
      written: [
        virtualService({
          hosts: ['api.test'],
          http: [{ name: 'http', route: [NOWHERE] }],
          tcp: [{ route: [NOWHERE] }],
        }),
      ],
    },
    asks: asks(),
    want: 'direct to nowhere',
  },
  {
    says: 'a wildcard without a name is not the host of one name',
    given: {
      listed: [WILD],
      written: [virtualService({ hosts: ['a.db.test'], tcp: [{ route: [NOWHERE] }] })],
    },
    asks: asks(SILENT, 3306),
    want: 'direct',
  },
  {
    says: 'but that of the same wildcard',
    given: {
      listed: [WILD],
      written: [virtualService({ hosts: ['*.db.test'], tcp: [{ route: [NOWHERE] }] })],
    },
    asks: asks(SILENT, 3306),
    want: 'direct to nowhere',
  },
  {
    says: 'or of a wider one',
    given: {
      listed: [WILD],
      written: [virtualService({ hosts: ['*.test'], tcp: [{ route: [NOWHERE] }] })],
    },
    asks: asks(SILENT, 3306),
    want: 'direct to nowhere',
  },
]);
