import { deepEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { readDocuments } from '../../../../../agent/sources/documents.ts';
import { istioObject, type Row, testRows } from '../marked-document.ts';

// Rules between fields, then what is not honoured.

const HOSTS = '  hosts: [a.example]\n';
const TO_B = '    route: [{destination: {host: b.example}}]\n';

function bad(says: string, spec: string, path: string, message: RegExp): Row {
  return { says, yaml: istioObject('VirtualService', spec), path, message };
}

function doubtful(says: string, spec: string, path: string, message: RegExp): Row {
  return { ...bad(says, spec, path, message), severity: 'warning' };
}

/** Beside the destinations of an HTTP route. */
function beside(field: string, value: string, message: RegExp): Row {
  return doubtful(field, `${HOSTS}  http:\n  - ▶${field}: ${value}\n${TO_B}`, `spec.http[0].${field}`, message);
}

const REFUSED = /^not honoured yet: requests that match are refused \(503\)$/;
const PASSED = /^not honoured yet: requests pass without it$/;
const UNLISTED = /^has no effect: spec\.gateways does not list it$/;
const ZERO = /^all weights are 0/;

testRows([
  {
    ...bad('no routes', HOSTS, 'spec', /^no routes; expected at least one of http, tls and tcp$/),
    yaml: istioObject('VirtualService', HOSTS).replace('spec:', '▶spec:'),
  },
  {
    ...bad('empty lists of routes', '', 'spec', /^no routes/),
    yaml: istioObject('VirtualService', `${HOSTS}  http: []\n  tls: []\n`).replace('spec:', '▶spec:'),
  },
  bad(
    'every host in the mesh',
    `  hosts: [▶"*"]\n  http:\n  -${TO_B.slice(3)}`,
    'spec.hosts[0]',
    /without the gateway "mesh"/,
  ),
  bad(
    'every host in the mesh by name',
    `  hosts: [a.example, ▶"*"]\n  gateways: [out, mesh]\n  http:\n  -${TO_B.slice(3)}`,
    'spec.hosts[1]',
    /without the gateway "mesh"/,
  ),
  bad('no action', `${HOSTS}  http:\n  - ▶name: a\n`, 'spec.http[0]', /exactly one of route.*, found none$/),
  bad('no destinations', `${HOSTS}  http:\n  - ▶route: []\n`, 'spec.http[0]', /exactly one of route.*, found none$/),
  {
    says: 'two hosts of a TLS match, the second outside',
    yaml: istioObject(
      'VirtualService',
      `  hosts: [a.example, "*.b.example"]\n  tls:\n  - match: [{sniHosts: [x.b.example, ▶b.example]}]\n${TO_B}`,
    ),
    path: 'spec.tls[0].match[0].sniHosts[1]',
    message: /^not within spec\.hosts/,
  },
  bad(
    'a wildcard of SNI around a host',
    `${HOSTS}  tls:\n  - match: [{sniHosts: [▶"*.example"]}]\n${TO_B}`,
    'spec.tls[0].match[0].sniHosts[0]',
    /^not within spec\.hosts/,
  ),
  bad(
    'weights of 0',
    `${HOSTS}  http:\n  - ▶route:\n    - {destination: {host: b}, weight: 0}\n    - {destination: {host: c}}\n`,
    'spec.http[0].route',
    ZERO,
  ),
  bad(
    'no weights on a TLS route',
    `${HOSTS}  tls:\n  - match: [{sniHosts: [a.example]}]\n    ▶route: [{destination: {host: b}}, {destination: {host: c}}]\n`,
    'spec.tls[0].route',
    ZERO,
  ),
  bad(
    'no weights on a TCP route',
    `${HOSTS}  tcp:\n  - ▶route: [{destination: {host: b}}, {destination: {host: c}}]\n`,
    'spec.tcp[0].route',
    ZERO,
  ),
  bad(
    'exported to all and to one',
    `${HOSTS}  http:\n  -${TO_B.slice(3)}  exportTo: [web, ▶"*"]\n`,
    'spec.exportTo[1]',
    /must stand alone/,
  ),

  ...(['redirect', 'directResponse', 'delegate'] as const).map((action) =>
    doubtful(action, `${HOSTS}  http:\n  - ▶${action}: {}\n`, `spec.http[0].${action}`, REFUSED),
  ),
  beside('rewrite', '{uri: /b}', REFUSED),
  ...(
    [
      ['timeout', '3s'],
      ['retries', '{attempts: 3}'],
      ['fault', '{abort: {httpStatus: 418}}'],
      ['mirror', '{host: c.example}'],
      ['mirrors', '[]'],
      ['mirrorPercentage', '{value: 1}'],
      ['mirrorPercent', '1'],
      ['mirror_percent', '1'],
      ['corsPolicy', '{}'],
      ['headers', '{request: {set: {a: b}}}'],
    ] as const
  ).map(([field, value]) => beside(field, value, PASSED)),
  doubtful(
    'headers of a destination',
    `${HOSTS}  http:\n  - route:\n    - destination: {host: b.example}\n      ▶headers: {}\n`,
    'spec.http[0].route[0].headers',
    PASSED,
  ),

  doubtful(
    'a gateway of an HTTP match that is not listed',
    `${HOSTS}  http:\n  - match: [{gateways: [mesh, ▶out]}]\n${TO_B}`,
    'spec.http[0].match[0].gateways[1]',
    UNLISTED,
  ),
  doubtful(
    'the mesh where it is not listed',
    `${HOSTS}  gateways: [out]\n  tls:\n  - match: [{sniHosts: [a.example], gateways: [shop/out, ▶mesh]}]\n${TO_B}`,
    'spec.tls[0].match[0].gateways[1]',
    UNLISTED,
  ),
  doubtful(
    'a gateway of another namespace by the same name',
    `${HOSTS}  gateways: [out]\n  tcp:\n  - match: [{gateways: [▶web/out]}]\n${TO_B}`,
    'spec.tcp[0].match[0].gateways[0]',
    UNLISTED,
  ),
  doubtful(
    'a subnet of the source',
    `${HOSTS}  tcp:\n  - match: [{▶sourceSubnet: 198.18.0.0/15}]\n${TO_B}`,
    'spec.tcp[0].match[0].sourceSubnet',
    /^has no effect, as in Istio/,
  ),
]);

const TWO_ACTIONS = `${HOSTS}  http:\n  - redirect: {}\n    route: [{destination: {host: b}}]\n`;

test('a route and a redirect at once', () => {
  const found = readDocuments('a.yaml', istioObject('VirtualService', TWO_ACTIONS)).flatMap(({ problems }) => problems);
  deepEqual(
    found.map(({ severity, path, message }) => [severity, path, message]),
    [
      [
        'error',
        'spec.http[0]',
        'expected exactly one of route, redirect, directResponse and delegate, found route and redirect',
      ],
      ['warning', 'spec.http[0].redirect', 'not honoured yet: requests that match are refused (503)'],
    ],
  );
});
