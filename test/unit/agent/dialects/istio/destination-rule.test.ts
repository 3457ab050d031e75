import { deepEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { translateDestinationRule } from '../../../../../agent/dialects/istio/destination-rule.ts';
import type { DestinationPolicy } from '../../../../../agent/registry/destination-policy.ts';
import { readDocuments } from '../../../../../agent/sources/documents.ts';
import { istioObject, soundDocument } from '../marked-document.ts';
import { testTotality } from './any-spec.ts';

/** Warnings are allowed. */
function policyOf(rest: string, host = 'a.example'): DestinationPolicy {
  const [document] = readDocuments('a.yaml', istioObject('DestinationRule', `  host: ${host}\n${rest}`));
  if (document?.contribution?.kind !== 'destination-policy') throw new Error(JSON.stringify(document?.problems));
  return document.contribution.destinationPolicy;
}

for (const version of ['v1', 'v1beta1', 'v1alpha3']) {
  test(`A17: ${version}`, () => {
    const yaml = istioObject('DestinationRule', '  host: A.Example.\n  exportTo: ["."]\n').replace(
      'istio.io/v1',
      `istio.io/${version}`,
    );
    deepEqual(soundDocument(yaml).contribution, {
      kind: 'destination-policy',
      destinationPolicy: {
        ref: { kind: 'DestinationRule', namespace: 'shop', name: 'row' },
        createdAt: undefined,
        visibleTo: new Set(['shop']),
        host: { kind: 'exact', name: 'a.example' },
        tls: 'plain',
        portTls: new Map(),
        subsets: new Map(),
      },
    });
  });
}

for (const [written, host] of [
  ['reviews', { kind: 'exact', name: 'reviews.shop.svc.cluster.local' }],
  ['"*.Example"', { kind: 'suffix', name: 'example' }],
] as const) {
  test(`host ${written}`, () => deepEqual(policyOf('', written).host, host));
}

for (const [tls, want] of [
  ['{}', 'plain'],
  ['{mode: DISABLE}', 'plain'],
  ['{mode: DISABLE, sni: localhost.local}', 'plain'],
  ['{mode: SIMPLE}', 'encrypted'],
  ['{mode: MUTUAL, clientCertificate: a, privateKey: b}', 'encrypted'],
  ['{mode: ISTIO_MUTUAL}', 'encrypted'],
] as const) {
  test(`tls ${tls} is ${want}`, () => deepEqual(policyOf(`  trafficPolicy: {tls: ${tls}}\n`).tls, want));
}

test('settings of a port take the place of the rest, and without tls they are plain', () => {
  const { tls, portTls } = policyOf(
    '  trafficPolicy:\n    tls: {mode: SIMPLE}\n    portLevelSettings:\n' +
      '    - {port: {number: 80}, tls: {mode: DISABLE}}\n    - {port: {number: 81}}\n    - {port: {number: 443}, tls: {mode: SIMPLE}}\n',
  );
  deepEqual(tls, 'encrypted');
  deepEqual(
    [...portTls],
    [
      [80, 'plain'],
      [81, 'plain'],
      [443, 'encrypted'],
    ],
  );
});

test('subsets, of which those without tls are as their host', () => {
  const { subsets } = policyOf(
    '  subsets:\n  - {name: a, labels: {v: a}}\n  - {name: b, trafficPolicy: {loadBalancer: {}}}\n' +
      '  - {name: c, trafficPolicy: {tls: {mode: DISABLE}}}\n  - {name: d, trafficPolicy: {tls: {mode: SIMPLE}}}\n' +
      '  - {name: e, trafficPolicy: {tls: {}, portLevelSettings: [{port: {number: 1}}, {port: {number: 2}, tls: {mode: SIMPLE}}]}}\n',
  );
  deepEqual(
    [...subsets],
    [
      ['a', undefined],
      ['b', undefined],
      ['c', 'plain'],
      ['d', 'encrypted'],
      ['e', 'encrypted'],
    ],
  );
});

test('exported to nobody, it adds nothing', () => {
  const yaml = istioObject('DestinationRule', '  host: a.example\n  exportTo: ["~"]\n');
  deepEqual(soundDocument(yaml).contribution, { kind: 'nothing' });
});

test('total', () => {
  const tls = { mode: 'SIMPLE', sni: 'a' };
  const trafficPolicy = { tls, portLevelSettings: [{ port: { number: 1 }, tls }, { port: { number: 2 } }], tunnel: {} };
  testTotality('DestinationRule', translateDestinationRule, {
    host: 'reviews',
    trafficPolicy,
    subsets: [{ name: 'a', labels: { a: 'b' }, trafficPolicy }, { name: 'b' }],
    exportTo: ['.', 'web'],
    workloadSelector: { matchLabels: { a: 'b' } },
  });
});
