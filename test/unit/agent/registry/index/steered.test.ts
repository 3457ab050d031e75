import { describe } from 'node:test';
import type { Said } from '../builders.ts';
import { flow, HTTP2, http, OPAQUE, OPEN, SILENT, tls } from '../builders.ts';
import { destinationRule, type Given, virtualService } from '../resources.ts';
import { meshRows, type RouteRow, SOME } from '../route-rows.ts';

const WEB: Said = { name: 'api', hosts: ['api.test'], ports: ['80 http', '443 tls'] };
const ROUTED = virtualService({
  hosts: ['api.test'],
  http: [{ match: [{ uri: { prefix: '/ok' } }], route: [{ destination: { host: 'api.test', port: { number: 80 } } }] }],
});
const ANY: Given = { listed: [WEB], mode: 'ALLOW_ANY', written: [ROUTED] };

function row(says: string, given: Given, evidence: Parameters<typeof flow>[1], want: string, port = 80): RouteRow {
  return { says, given, asks: flow(`${SOME}:${port}`, evidence), want };
}

describe('under ALLOW_ANY a flow that shows no name escapes no route that is found by name', () => {
  meshRows('a VirtualService for HTTP', [
    row('its host, not taken by a route', ANY, http('api.test'), '404 no-route'),
    row('another host passes', ANY, http('other.test'), 'allow-any'),
    row('so does an address as Host', ANY, http(SOME), 'allow-any'),
    row('no Host', ANY, http(undefined), '502 name-needed'),
    row('neither HTTP nor TLS', ANY, OPAQUE, '502 name-needed'),
    row('HTTP/2 without TLS', ANY, HTTP2, '502 name-needed'),
    row('silence', ANY, SILENT, '502 name-needed'),
    row('bytes are waited for', ANY, OPEN, 'need http-head'),
    row('another port, where nothing of it is for TLS', ANY, tls(undefined), 'allow-any', 443),
    row('a port on which nothing is listed', ANY, OPAQUE, 'allow-any', 8080),
  ]);

  meshRows('who is concerned', [
    row('a table that the source does not see', { ...ANY, written: [hidden()] }, OPAQUE, 'allow-any'),
    row('a host that is listed for others', { ...ANY, listed: [{ ...WEB, to: ['bank'] }] }, OPAQUE, 'allow-any'),
    row('a table for gateways alone', { ...ANY, written: [atGateway()] }, OPAQUE, 'allow-any'),
    row('a table for a wildcard above the host', { ...ANY, written: [forHosts('*.test')] }, OPAQUE, '502 name-needed'),
    row(
      'a table for a host below a listed wildcard',
      { ...ANY, listed: [{ ...WEB, hosts: ['*.test'], reach: 'original' }] },
      OPAQUE,
      '502 name-needed',
    ),
    row('a table for other hosts', { ...ANY, written: [forHosts('*.example')] }, OPAQUE, 'allow-any'),
  ]);

  meshRows('a DestinationRule', [
    row('that asks for TLS', { ...ANY, written: [rule('SIMPLE')] }, OPAQUE, '502 name-needed'),
    row('that does not', { ...ANY, written: [rule('DISABLE')] }, OPAQUE, 'allow-any'),
  ]);
});

function hidden() {
  return virtualService({
    hosts: ['api.test'],
    exportTo: ['bank'],
    http: [{ route: [{ destination: { host: 'api.test' } }] }],
  });
}

function atGateway() {
  return virtualService({
    hosts: ['api.test'],
    gateways: ['egress-gw'],
    http: [{ route: [{ destination: { host: 'api.test' } }] }],
  });
}

function forHosts(host: string) {
  return virtualService({ hosts: [host], http: [{ route: [{ destination: { host: 'api.test' } }] }] });
}

function rule(mode: string) {
  return destinationRule({ host: 'api.test', trafficPolicy: { tls: { mode } } });
}
