import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { parseCidr } from '../../../../../agent/model/cidr.ts';
import { parseHostPattern } from '../../../../../agent/model/hostname.ts';
import type { HttpMatch, RouteTable } from '../../../../../agent/registry/route-table.ts';
import { readDocuments } from '../../../../../agent/sources/documents.ts';
import { istioObject } from '../marked-document.ts';

/** Warnings are allowed. */
function tableOf(rest: string, hosts = '[a.example]'): RouteTable {
  const [document] = readDocuments('a.yaml', istioObject('VirtualService', `  hosts: ${hosts}\n${rest}`));
  if (document?.contribution?.kind !== 'route-table') throw new Error(JSON.stringify(document?.problems));
  return document.contribution.routeTable;
}

const TO_B = 'route: [{destination: {host: b.example}}]';
const B = { host: 'b.example', port: undefined, subset: undefined, weight: 1 };

function httpMatch(match: string): HttpMatch {
  const { http } = tableOf(`  http: [{match: [${match}], ${TO_B}}]\n`);
  const found = http[0]?.matches[0];
  if (!found || http.length !== 1 || http[0]?.matches.length !== 1) throw new Error('expected one match');
  return found;
}

const EVERYWHERE = { gateways: ['mesh'], port: undefined, sourceNamespace: undefined, sourceLabels: {} };
const EVERY_REQUEST = {
  name: undefined,
  source: EVERYWHERE,
  uri: undefined,
  ignoreUriCase: false,
  scheme: undefined,
  method: undefined,
  authority: undefined,
  headers: [],
  withoutHeaders: [],
  queryParams: [],
};

test('a route without matches takes everything at all gateways of the table', () => {
  const source = { ...EVERYWHERE, gateways: ['shop/out', 'mesh'] };
  const gateways = '  gateways: [out, mesh]\n';
  const http = [{ name: 'all', matches: [{ ...EVERY_REQUEST, source }], action: { kind: 'route', destinations: [B] } }];
  deepEqual(tableOf(`${gateways}  http: [{name: all, ${TO_B}}]\n`).http, http);
  deepEqual(tableOf(`${gateways}  http: [{name: all, match: [], ${TO_B}}]\n`).http, http);
  deepEqual(tableOf(`${gateways}  tcp: [{${TO_B}}]\n`).tcp, [
    { matches: [{ source, destinationSubnets: [] }], destinations: [B] },
  ]);
});

test('all that an HTTP match may say', () => {
  const match = httpMatch(
    '{name: m, port: 80, sourceNamespace: web, sourceLabels: {app: sleep}, gateways: [mesh], statPrefix: x,' +
      ' uri: {prefix: /Status}, scheme: {exact: http}, method: {exact: GET}, authority: {exact: A.Example},' +
      ' headers: {X-Team: {exact: Red}, x-there: {}}, withoutHeaders: {X-Not: {prefix: N}},' +
      ' queryParams: {Q: {exact: V}}}',
  );
  deepEqual(match, {
    ...EVERY_REQUEST,
    name: 'm',
    source: { gateways: ['mesh'], port: 80, sourceNamespace: 'web', sourceLabels: { app: 'sleep' } },
    uri: { kind: 'prefix', text: '/Status' },
    scheme: { kind: 'exact', text: 'http' },
    method: { kind: 'exact', text: 'GET' },
    authority: { kind: 'exact', text: 'a.example' },
    headers: [
      { name: 'x-team', value: { kind: 'exact', text: 'Red' } },
      { name: 'x-there', value: undefined },
    ],
    withoutHeaders: [{ name: 'x-not', value: { kind: 'prefix', text: 'N' } }],
    queryParams: [{ name: 'Q', value: { kind: 'exact', text: 'V' } }],
  });
});

test('ignoreUriCase folds the path alone', () => {
  const match = httpMatch('{uri: {exact: /A}, method: {exact: GET}, ignoreUriCase: true}');
  deepEqual(match, {
    ...EVERY_REQUEST,
    uri: { kind: 'exact', text: '/a' },
    method: { kind: 'exact', text: 'GET' },
    ignoreUriCase: true,
  });
  const { uri } = httpMatch('{uri: {regex: "/[A-C]+"}, ignoreUriCase: true}');
  equal(uri?.kind === 'regex' && uri.matches('/abc') && !uri.matches('/abd'), true);
});

test('an authority has no case, by regular expression either', () => {
  const { authority } = httpMatch('{authority: {regex: "[A-C]+[.]Example"}}');
  equal(authority?.kind === 'regex' && authority.matches('abc.example'), true);
});

test('matches at gateways that the table does not list are dropped, and routes that have no others', () => {
  const { http, tls, tcp } = tableOf(
    `  gateways: [out]\n  http:\n  - {match: [{gateways: [mesh]}, {gateways: [mesh, out], port: 80}], ${TO_B}}\n` +
      `  - {match: [{gateways: [mesh]}], ${TO_B}}\n` +
      `  tls:\n  - {match: [{sniHosts: [a.example], gateways: [mesh]}], ${TO_B}}\n` +
      `  tcp:\n  - {match: [{gateways: [mesh]}], ${TO_B}}\n`,
  );
  deepEqual(http, [
    {
      name: undefined,
      matches: [{ ...EVERY_REQUEST, source: { ...EVERYWHERE, gateways: ['shop/out'], port: 80 } }],
      action: { kind: 'route', destinations: [B] },
    },
  ]);
  deepEqual([tls, tcp], [[], []]);
});

test('destinations, with short names in full', () => {
  const { http } = tableOf(
    '  http:\n  - route:\n    - {destination: {host: reviews, subset: v1, port: {number: 9080}}, weight: 3}\n' +
      '    - {destination: {host: Reviews.web.svc.cluster.local}}\n',
  );
  deepEqual(http[0]?.action, {
    kind: 'route',
    destinations: [
      { host: 'reviews.shop.svc.cluster.local', port: 9080, subset: 'v1', weight: 3 },
      { host: 'reviews.web.svc.cluster.local', port: undefined, subset: undefined, weight: 0 },
    ],
  });
});

for (const weight of ['', ', weight: 0', ', weight: 7'] as const) {
  test(`a single destination gets everything${weight}`, () => {
    const { tcp } = tableOf(`  tcp: [{route: [{destination: {host: b.example}${weight}}]}]\n`);
    deepEqual(tcp[0]?.destinations, [B]);
  });
}

for (const [what, route] of [
  ['redirect', 'redirect: {uri: /b}'],
  ['directResponse', 'directResponse: {status: 418}'],
  ['delegate', 'delegate: {name: c}'],
  ['rewrite', `rewrite: {uri: /b}, ${TO_B}`],
] as const) {
  test(`${what} is kept as what refuses`, () => {
    deepEqual(tableOf(`  http: [{${route}}]\n`).http[0]?.action, { kind: 'unsupported', what });
  });
}

test('what passes without effect is a route like any other', () => {
  deepEqual(tableOf(`  http: [{timeout: 3s, mirror_percent: 1, ${TO_B}}]\n`).http[0]?.action, {
    kind: 'route',
    destinations: [B],
  });
});

test('TLS by names and subnets', () => {
  const { tls } = tableOf(
    `  tls: [{match: [{sniHosts: [a.example, "*.b.example"], destinationSubnets: [198.18.0.0/15, 198.18.0.1], port: 443}], ${TO_B}}]\n`,
    '[a.example, "*.b.example"]',
  );
  deepEqual(tls, [
    {
      matches: [
        {
          source: { ...EVERYWHERE, port: 443 },
          destinationSubnets: [parseCidr('198.18.0.0/15'), parseCidr('198.18.0.1')],
          sniHosts: [parseHostPattern('a.example'), parseHostPattern('*.b.example')],
        },
      ],
      destinations: [B],
    },
  ]);
});

test('every SNI, where the table is for every host', () => {
  const { tls } = tableOf(`  gateways: [out]\n  tls: [{match: [{sniHosts: ["*"]}], ${TO_B}}]\n`, '["*"]');
  deepEqual(tls[0]?.matches[0]?.sniHosts, ['any']);
});
