import { deepEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { readDocuments } from '../../../../../agent/sources/documents.ts';
import { type Row, soundDocument, testRows } from '../marked-document.ts';

const HEAD = 'apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata:\n  name: gw-x7\n  namespace: edge\n';
const LABEL = '  labels: {kubernetes.io/service-name: gw}\n';
const V4 = `${HEAD}${LABEL}addressType: IPv4\n`;

const ENDPOINTS = {
  ref: { kind: 'EndpointSlice', namespace: 'edge', name: 'gw-x7' },
  service: 'gw',
  ports: new Map(),
  addresses: [] as readonly string[],
};

function endpoints(yaml: string): unknown {
  const { contribution } = soundDocument(yaml);
  return contribution?.kind === 'endpoints' ? contribution.endpoints : contribution;
}

test('as an API server prints it: ready addresses, TCP ports by name', () => {
  const rest = `endpoints:
- addresses: [198.18.0.9]
  conditions: {ready: true, serving: true, terminating: false}
  nodeName: node-1
  zone: a
  hostname: gw-0
  hints: {forZones: [{name: a}]}
  targetRef: {kind: Pod, name: gw-0, namespace: edge, uid: x}
  deprecatedTopology: {a: b}
ports:
- {name: http, port: 8080, protocol: TCP, appProtocol: http}
- {name: tls, port: 8443}
- {name: dns, port: 53, protocol: UDP}
`;
  deepEqual(endpoints(`${V4}${rest}`), {
    ...ENDPOINTS,
    ports: new Map([
      ['http', 8080],
      ['tls', 8443],
    ]),
    addresses: ['198.18.0.9'],
  });
});

test('not ready is left out; what does not say is ready; an address counts once', () => {
  const rest =
    '- {addresses: [198.18.0.1], conditions: {ready: false}}\n- {addresses: [198.18.0.2], conditions: {ready: null}}\n' +
    '- {addresses: [198.18.0.3], conditions: {}}\n- {addresses: [198.18.0.4], conditions: null}\n' +
    '- {addresses: [198.18.0.5, 198.18.0.5]}\n';
  deepEqual(endpoints(`${V4}endpoints:\n${rest}`), {
    ...ENDPOINTS,
    addresses: ['198.18.0.2', '198.18.0.3', '198.18.0.4', '198.18.0.5'],
  });
});

test('a port without name, or with null for one; null for a number is no port', () => {
  const ports = (text: string) => endpoints(`${V4}ports: [${text}]\n`);
  deepEqual(ports('{port: 80}'), { ...ENDPOINTS, ports: new Map([['', 80]]) });
  deepEqual(ports('{port: 80, name: null, protocol: null}'), { ...ENDPOINTS, ports: new Map([['', 80]]) });
  deepEqual(ports('{port: null, name: a}'), ENDPOINTS);
});

test('no endpoints at all, which some tools print as null', () => {
  deepEqual(endpoints(`${V4}endpoints: null\nports: null\n`), ENDPOINTS);
});

test('IPv6, in canonical form', () => {
  deepEqual(endpoints(`${HEAD}${LABEL}addressType: IPv6\nendpoints: [{addresses: ["2001:DB8:0::9"]}]\n`), {
    ...ENDPOINTS,
    addresses: ['2001:db8::9'],
  });
});

test('what adds nothing', () => {
  for (const yaml of [`${HEAD}addressType: IPv4\n`, `${HEAD}${LABEL}addressType: FQDN\n`]) {
    deepEqual(readDocuments('a.yaml', yaml)[0]?.contribution, { kind: 'nothing' });
  }
});

function row(says: string, yaml: string, path: string, message: RegExp): Row {
  return { says, yaml: `${HEAD}${LABEL}${yaml}`, path, message };
}

testRows([
  { says: 'no address type', yaml: `▶${HEAD}${LABEL}`, path: 'addressType', message: /missing; expected IPv4, IPv6/ },
  row('an unknown address type', 'addressType: ▶ipv4\n', 'addressType', /IPv4, IPv6 or FQDN.* did you mean "IPv4"/),
  row(
    'text that is no address',
    'addressType: IPv4\nendpoints: [{addresses: [198.18.0.1, ▶a.example]}]\n',
    'endpoints[0].addresses[1]',
    /expected an IPv4 address, found the text "a\.example"/,
  ),
  row(
    'an address of the other family',
    'addressType: IPv4\nendpoints: [{addresses: [▶"2001:db8::1"]}]\n',
    'endpoints[0].addresses[0]',
    /expected an IPv4 address, found the text "2001:db8::1"/,
  ),
  row(
    'an IPv4 address written as IPv6',
    'addressType: IPv6\nendpoints: [{addresses: [▶"::ffff:198.18.0.1"]}]\n',
    'endpoints[0].addresses[0]',
    /expected an IPv6 address/,
  ),
  row(
    'an endpoint without addresses',
    'addressType: IPv4\nendpoints: [{addresses: ▶[]}]\n',
    'endpoints[0].addresses',
    /1 to 100 addresses, found a list of 0/,
  ),
  row(
    'ready as text',
    'addressType: IPv4\nendpoints: [{addresses: [198.18.0.1], conditions: {ready: ▶"no"}}]\n',
    'endpoints[0].conditions.ready',
    /expected true or false, found the text "no"/,
  ),
  row('a port that is none', 'addressType: IPv4\nports: [{port: ▶0}]\n', 'ports[0].port', /found the number 0/),
  row(
    'a name twice',
    'addressType: IPv4\nports: [{port: 80, name: a}, {port: 81, name: ▶a}]\n',
    'ports[1].name',
    /the name "a" is that of ports\[0\] too/,
  ),
  row('endpoints that are a mapping', 'addressType: IPv4\nendpoints: ▶{}\n', 'endpoints', /at most 1000 endpoints/),
]);

testRows([
  {
    ...row(
      'names for addresses',
      'addressType: ▶FQDN\nendpoints: [{addresses: [a.example]}]\n',
      'addressType',
      /not read/,
    ),
    severity: 'warning',
  },
  {
    says: 'of no Service',
    yaml: `${HEAD.replace('metadata', '▶metadata')}addressType: IPv4\n`,
    path: 'metadata.labels["kubernetes.io/service-name"]',
    message: /of no Service/,
    severity: 'warning',
  },
  {
    ...row('a misspelt field', 'addressType: IPv4\n▶endpoint: []\n', 'endpoint', /did you mean "endpoints"/),
    severity: 'warning',
  },
  {
    ...row(
      'a misspelt field of an endpoint',
      'addressType: IPv4\nendpoints: [{addresses: [198.18.0.1], ▶nodename: a}]\n',
      'endpoints[0].nodename',
      /did you mean "nodeName"/,
    ),
    severity: 'warning',
  },
]);
