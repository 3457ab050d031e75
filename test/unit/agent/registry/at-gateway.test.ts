import { deepEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { decide } from '../../../../agent/registry/decide.ts';
import { ech, HTTP2, http, OPAQUE, OPEN, request, type Said, SILENT, tls } from './builders.ts';
import {
  arriving,
  GATEWAY,
  type Given,
  gateway,
  gatewayOf,
  OUTSIDE,
  service,
  to,
  UNKNOWN,
  virtualService,
} from './resources.ts';
import { gatewayRows } from './route-rows.ts';

const API: Said = { name: 'api', hosts: ['api.test'], ports: ['80 http'] };
/** At the Gateway's port 80 api.test is served, for whoever the grants admit. */
const HTTP: Given = {
  listed: [API],
  written: [
    gateway(['80 HTTP api.test']),
    virtualService({
      hosts: ['api.test'],
      gateways: ['egress-gw'],
      http: [{ name: 'api', route: [to('api.test:80')] }],
    }),
  ],
};

const SECURE: Said = { name: 'secure', hosts: ['api.test'], ports: ['443 tls'] };
const TLS: Given = {
  listed: [SECURE],
  written: [
    gateway(['443 TLS api.test']),
    virtualService({
      hosts: ['api.test'],
      gateways: ['egress-gw'],
      tls: [{ match: [{ sniHosts: ['api.test'] }], route: [to('api.test:443')] }],
    }),
  ],
};

const DB: Said = { name: 'db', hosts: ['db.test'], ports: ['3306 tcp'] };
const TCP: Given = {
  listed: [DB],
  written: [
    gateway(['3306 TCP db.test']),
    virtualService({ hosts: ['db.test'], gateways: ['egress-gw'], tcp: [{ route: [to('db.test:3306')] }] }),
  ],
};

/** All three on one port, of three Gateways. */
const MIXED: Given = {
  listed: [API, { ...SECURE, ports: ['80 tls'] }, { ...DB, ports: ['80 tcp'] }],
  written: [
    gateway(['80 HTTP api.test'], { name: 'http-gw' }),
    gateway(['80 TLS api.test'], { name: 'tls-gw' }),
    gateway(['80 TCP db.test'], { name: 'tcp-gw' }),
    virtualService({
      hosts: ['api.test', 'db.test'],
      gateways: ['http-gw', 'tls-gw', 'tcp-gw'],
      http: [{ name: 'http', route: [to('api.test:80')] }],
      tls: [{ match: [{ sniHosts: ['api.test'] }], route: [to('api.test:80')] }],
      tcp: [{ route: [to('db.test:80')] }],
    }),
  ],
};

gatewayRows('HTTP at a gateway', [
  { says: 'its Host', given: HTTP, asks: arriving(80, http('api.test')), want: 'route api' },
  { says: 'an unknown Host', given: HTTP, asks: arriving(80, http('other.test')), want: '404 no-route' },
  { says: 'no Host', given: HTTP, asks: arriving(80, http(undefined)), want: '404 no-route' },
  { says: 'an address as Host', given: HTTP, asks: arriving(80, http('203.0.113.9')), want: '404 no-route' },
  { says: 'Host with the port', given: HTTP, asks: arriving(80, http('api.test:80')), want: 'route api' },
  { says: 'Host with another port', given: HTTP, asks: arriving(80, http('api.test:81')), want: '404 no-route' },
  { says: 'CONNECT', given: HTTP, asks: arriving(80, request('CONNECT api.test:80')), want: '404 no-route' },
  { says: 'a port without server', given: HTTP, asks: arriving(81, http('api.test')), want: '404 no-route' },
  { says: 'the head is needed first', given: HTTP, asks: arriving(80, OPEN), want: 'need http-head' },
  { says: 'TLS is closed', given: HTTP, asks: arriving(80, tls('api.test')), want: 'closed protocol-mismatch' },
  { says: 'so is ECH', given: HTTP, asks: arriving(80, ech('api.test')), want: 'closed protocol-mismatch' },
  { says: 'so is what is neither', given: HTTP, asks: arriving(80, OPAQUE), want: 'closed protocol-mismatch' },
  { says: 'so is silence', given: HTTP, asks: arriving(80, SILENT), want: 'closed protocol-mismatch' },
  { says: 'HTTP/2 is not looked into', given: HTTP, asks: arriving(80, HTTP2), want: '502 http2-undecidable' },
]);

const LISTENS_ELSEWHERE: Given = { ...HTTP, written: [...(HTTP.written ?? []), service('egress', ['80 8080'])] };

gatewayRows('the port of a Host', [
  { says: 'of the server', given: LISTENS_ELSEWHERE, asks: arriving(8080, http('api.test:80')), want: 'route api' },
  { says: 'listened on', given: LISTENS_ELSEWHERE, asks: arriving(8080, http('api.test:8080')), want: 'route api' },
  {
    says: 'that the client dialled',
    given: { ...HTTP, listed: [{ ...API, ports: ['8081 http', '80 http'] }] },
    asks: arriving(80, http('api.test:8081'), { dialled: '203.0.113.9:8081' }),
    want: 'route api',
  },
  { says: 'none of these', given: LISTENS_ELSEWHERE, asks: arriving(8080, http('api.test:81')), want: '404 no-route' },
  {
    says: 'the server port is not listened on',
    given: LISTENS_ELSEWHERE,
    asks: arriving(80, http('api.test')),
    want: '404 no-route',
  },
]);

gatewayRows('TLS at a gateway', [
  { says: 'its name', given: TLS, asks: arriving(443, tls('api.test')), want: 'direct' },
  { says: 'the outer name of ECH', given: TLS, asks: arriving(443, ech('api.test')), want: 'direct' },
  { says: 'an unknown name', given: TLS, asks: arriving(443, tls('other.test')), want: '404 no-route' },
  { says: 'no name', given: TLS, asks: arriving(443, tls(undefined)), want: '404 no-route' },
  { says: 'the name is needed first', given: TLS, asks: arriving(443, OPEN), want: 'need tls-name' },
  { says: 'HTTP is closed', given: TLS, asks: arriving(443, http('api.test')), want: 'closed protocol-mismatch' },
  { says: 'HTTP/2 is closed', given: TLS, asks: arriving(443, HTTP2), want: 'closed protocol-mismatch' },
  { says: 'what is neither is closed', given: TLS, asks: arriving(443, OPAQUE), want: 'closed protocol-mismatch' },
]);

gatewayRows('TCP at a gateway', [
  { says: 'at once', given: TCP, asks: arriving(3306, OPEN), want: 'direct' },
  { says: 'whatever is said', given: TCP, asks: arriving(3306, OPAQUE), want: 'direct' },
  { says: 'HTTP as well', given: TCP, asks: arriving(3306, http('db.test')), want: 'direct' },
  { says: 'HTTP with any Host', given: TCP, asks: arriving(3306, http('other.test')), want: 'direct' },
  { says: 'CONNECT is but bytes', given: TCP, asks: arriving(3306, request('CONNECT db.test:1')), want: 'direct' },
  { says: 'TLS as well', given: TCP, asks: arriving(3306, tls(undefined)), want: 'direct' },
  { says: 'HTTP/2 as well', given: TCP, asks: arriving(3306, HTTP2), want: 'direct' },
  {
    says: 'no route for it',
    given: { ...TCP, written: [gateway(['3306 TCP db.test'])] },
    asks: arriving(3306, OPEN),
    want: '404 no-route',
  },
]);

gatewayRows('several protocols on one port', [
  { says: 'both are needed first', given: MIXED, asks: arriving(80, OPEN), want: 'need http-head tls-name' },
  { says: 'HTTP by Host', given: MIXED, asks: arriving(80, http('api.test')), want: 'route http' },
  { says: 'HTTP of an unknown Host is no TCP', given: MIXED, asks: arriving(80, http('x.test')), want: '404 no-route' },
  { says: 'TLS by name', given: MIXED, asks: arriving(80, tls('api.test')), want: 'direct' },
  { says: 'TLS of an unknown name is no TCP', given: MIXED, asks: arriving(80, tls('x.test')), want: '404 no-route' },
  { says: 'the rest is TCP', given: MIXED, asks: arriving(80, OPAQUE), want: 'direct' },
  { says: 'silence, too', given: MIXED, asks: arriving(80, SILENT), want: 'direct' },
  { says: 'HTTP/2, too', given: MIXED, asks: arriving(80, HTTP2), want: 'direct' },
]);

test('where something may pass without a name the wait is short', () => {
  const asked = (given: Given, at: number) => decide(gatewayOf(given), GATEWAY, arriving(at, OPEN));
  const [mixed, named] = [asked(MIXED, 80), asked(HTTP, 80)];
  deepEqual(
    [mixed.kind === 'need' && mixed.admissibleWithout, named.kind === 'need' && named.admissibleWithout],
    [true, false],
  );
});

gatewayRows('who it is', [
  {
    says: 'nobody knows',
    given: HTTP,
    asks: arriving(80, http('api.test'), { from: UNKNOWN }),
    want: '502 source-unknown',
  },
  {
    says: 'nobody knows, at once',
    given: TCP,
    asks: arriving(3306, OPEN, { from: UNKNOWN }),
    want: '502 source-unknown',
  },
  {
    says: 'a client from outside needs the routes alone',
    given: HTTP,
    asks: arriving(80, http('api.test'), { from: OUTSIDE }),
    want: 'route api',
  },
  {
    says: 'and is answered 404 without one (B08)',
    given: HTTP,
    asks: arriving(80, http('other.test'), { from: OUTSIDE }),
    want: '404 no-route',
  },
  {
    says: "it sees what the gateway's namespace sees",
    given: { ...HTTP, listed: [{ ...API, to: ['istio-system'] }] },
    asks: arriving(80, http('api.test'), { from: OUTSIDE }),
    want: 'route api',
  },
  {
    says: 'and nothing more',
    given: { ...HTTP, listed: [{ ...API, to: ['shop'] }] },
    asks: arriving(80, http('api.test'), { from: OUTSIDE }),
    want: 'route api to nowhere',
  },
]);

test('the trace tells each step in a sentence', () => {
  const told = (given: Given, at: number, ...[evidence]: readonly Parameters<typeof arriving>[1][]) => {
    const steps: string[] = [];
    decide(gatewayOf(given), GATEWAY, arriving(at, evidence ?? OPEN), (step) => steps.push(step));
    return steps;
  };
  deepEqual(told(HTTP, 80, http('api.test')), [
    'VirtualService shop/api is for api.test by Gateway shop/egress-gw',
    'its http[0] takes this',
    'it goes to api.test, port 80, by ServiceEntry shop/api',
    'ServiceEntry shop/api admits Host api.test on port 80 (http)',
  ]);
  deepEqual(told(HTTP, 81), ['no Gateway that selects istio-system/egress-0 has a server on port 81']);
  deepEqual(told(HTTP, 80, tls('api.test')), ['the server on this port takes HTTP alone']);
  deepEqual(told(TLS, 443, OPAQUE), ['the server on this port takes TLS alone']);
  deepEqual(told(TLS, 443, tls(undefined)), [
    'no server and VirtualService of this port is for TLS without a server name',
  ]);
  deepEqual(told(HTTP, 80, http(undefined)), [
    'no server and VirtualService of this port is for a request that names no host',
  ]);
  deepEqual(told(HTTP, 80, http('x.test')), ['no server and VirtualService of this port is for Host x.test']);
  deepEqual(told(HTTP, 80, http('api.test:9')), ['no server is for Host port 9']);
  deepEqual(told(HTTP, 80, request('CONNECT api.test:80')), ['a gateway takes no CONNECT']);
  deepEqual(told(HTTP, 80, HTTP2), ['HTTP/2 without TLS: its streams are not looked at yet']);
});
