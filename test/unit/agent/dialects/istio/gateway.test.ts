import { deepEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { translateGateway } from '../../../../../agent/dialects/istio/gateway.ts';
import type { GatewayServers } from '../../../../../agent/registry/gateway-servers.ts';
import { readDocuments } from '../../../../../agent/sources/documents.ts';
import { istioObject, soundDocument } from '../marked-document.ts';
import { testTotality } from './any-spec.ts';

/** Warnings are allowed. */
function gatewayOf(yaml: string): GatewayServers {
  const [document] = readDocuments('a.yaml', yaml);
  if (document?.contribution?.kind !== 'gateway') throw new Error(JSON.stringify(document?.problems));
  return document.contribution.gateway;
}

function gateway(rest: string): string {
  return istioObject('Gateway', rest);
}

for (const version of ['v1', 'v1beta1', 'v1alpha3']) {
  test(`A17: ${version}`, () => {
    const yaml = gateway(
      '  selector: {istio: egressgateway}\n  servers: [{name: a, port: {number: 80, name: http, protocol: HTTP}, hosts: [a.example]}]\n',
    ).replace('istio.io/v1', `istio.io/${version}`);
    deepEqual(soundDocument(yaml).contribution, {
      kind: 'gateway',
      gateway: {
        ref: { kind: 'Gateway', namespace: 'shop', name: 'row' },
        createdAt: undefined,
        selector: { istio: 'egressgateway' },
        servers: [
          {
            port: 80,
            protocol: 'http',
            hosts: [{ namespace: undefined, pattern: { kind: 'exact', name: 'a.example' } }],
          },
        ],
      },
    });
  });
}

for (const [written, served] of [
  ['HTTP', 'http'],
  ['http2', 'http'],
  ['GRPC', 'http'],
  ['gRPC-Web', 'http'],
  ['HTTPS', 'tls'],
  ['tls', 'tls'],
  ['TCP', 'tcp'],
  ['Mongo', 'tcp'],
] as const) {
  test(`protocol ${written} is served as ${served}`, () => {
    const tls = served === 'tls' ? ', tls: {mode: PASSTHROUGH}' : '';
    const { servers } = gatewayOf(
      gateway(`  servers: [{port: {number: 1, name: a, protocol: ${written}}, hosts: ["*"]${tls}}]\n`),
    );
    deepEqual(servers, [{ port: 1, protocol: served, hosts: [{ namespace: undefined, pattern: 'any' }] }]);
  });
}

for (const [written, namespace, pattern] of [
  ['*', undefined, 'any'],
  ['a.example', undefined, { kind: 'exact', name: 'a.example' }],
  ['*/A.Example.', undefined, { kind: 'exact', name: 'a.example' }],
  ['./*.example', 'shop', { kind: 'suffix', name: 'example' }],
  ['web/*', 'web', 'any'],
] as const) {
  test(`host ${written}`, () => {
    const [server] = gatewayOf(
      gateway(`  servers: [{port: {number: 1, name: a, protocol: TCP}, hosts: ["${written}"]}]\n`),
    ).servers;
    deepEqual(server?.hosts, [{ namespace, pattern }]);
  });
}

test('without a selector it is every gateway', () => {
  const servers = '  servers: [{port: {number: 1, name: a, protocol: TCP}, hosts: ["*"]}]\n';
  deepEqual(gatewayOf(gateway(servers)).selector, {});
});

test('a server that cannot be honoured is left out, the others stand', () => {
  const { servers } = gatewayOf(
    gateway(
      '  servers:\n  - {port: {number: 443, name: a, protocol: HTTPS}, hosts: ["*"], tls: {mode: SIMPLE, credentialName: a}}\n' +
        '  - {port: {number: 80, name: b, protocol: HTTP}, hosts: ["*"], tls: {httpsRedirect: true}}\n' +
        '  - {port: {number: 81, name: c, protocol: HTTP}, hosts: ["*"], bind: 127.0.0.1}\n' +
        '  - {port: {number: 82, name: d, protocol: TCP}, hosts: ["*"], tls: {mode: PASSTHROUGH}}\n' +
        '  - {port: {number: 83, name: e, protocol: HTTP}, hosts: ["*"], bind: ""}\n',
    ),
  );
  deepEqual(
    servers.map(({ port }) => port),
    [83],
  );
});

test('total', () => {
  testTotality('Gateway', translateGateway, {
    selector: { a: 'b' },
    servers: [
      { port: { number: 80, name: 'http', protocol: 'HTTP', targetPort: 80 }, hosts: ['*', './a.example'], name: 'a' },
      { port: { number: 443, name: 'tls', protocol: 'TLS' }, hosts: ['web/*.b'], tls: { mode: 'PASSTHROUGH' } },
      { port: { number: 444, name: 'https', protocol: 'HTTPS' }, hosts: ['*'], tls: { mode: 'SIMPLE' }, bind: 'a' },
    ],
  });
});
