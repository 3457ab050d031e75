import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { translateVirtualService } from '../../../../../agent/dialects/istio/virtual-service.ts';
import type { RouteTable } from '../../../../../agent/registry/route-table.ts';
import { istioObject, soundDocument } from '../marked-document.ts';
import { testTotality } from './any-spec.ts';

const ROUTE = '  http: [{route: [{destination: {host: b.example}}]}]\n';

function tableOf(yaml: string): RouteTable {
  const { contribution } = soundDocument(yaml);
  if (contribution?.kind !== 'route-table') throw new Error(`no route table but ${contribution?.kind}`);
  return contribution.routeTable;
}

function virtualService(rest: string): string {
  return istioObject('VirtualService', `${rest}${ROUTE}`);
}

for (const version of ['v1', 'v1beta1', 'v1alpha3']) {
  test(`A17: ${version}`, () => {
    const yaml = virtualService('  hosts: [a.example]\n')
      .replace('istio.io/v1', `istio.io/${version}`)
      .replace('name: row', 'name: row\n  creationTimestamp: 2026-01-31T12:00:00Z');
    const { http, ...table } = tableOf(yaml);
    deepEqual(table, {
      ref: { kind: 'VirtualService', namespace: 'shop', name: 'row' },
      createdAt: Date.UTC(2026, 0, 31, 12),
      visibleTo: 'all',
      hosts: [{ kind: 'exact', name: 'a.example' }],
      gateways: ['mesh'],
      tls: [],
      tcp: [],
    });
    equal(http.length, 1);
  });
}

test('hosts are normalised, and short ones are of the own namespace', () => {
  deepEqual(tableOf(virtualService('  hosts: [A.Example., "*.B.example", reviews]\n')).hosts, [
    { kind: 'exact', name: 'a.example' },
    { kind: 'suffix', name: 'b.example' },
    { kind: 'exact', name: 'reviews.shop.svc.cluster.local' },
  ]);
});

test('every host, at a gateway', () => {
  const table = tableOf(virtualService('  hosts: ["*"]\n  gateways: [istio-system/out]\n'));
  deepEqual([table.hosts, table.gateways], [['any'], ['istio-system/out']]);
});

test('who sees it', () => {
  const visibleTo = (exportTo: string) =>
    tableOf(virtualService(`  hosts: [a.example]\n  exportTo: ${exportTo}\n`)).visibleTo;
  deepEqual(visibleTo('[]'), 'all');
  deepEqual(visibleTo('["."]'), new Set(['shop']));
  deepEqual(visibleTo('[web]'), new Set(['web']));
});

test('exported to nobody, it adds nothing', () => {
  const { contribution } = soundDocument(virtualService('  hosts: [a.example]\n  exportTo: ["~"]\n'));
  deepEqual(contribution, { kind: 'nothing' });
});

test('total', () => {
  const route = [
    { destination: { host: 'b.example', subset: 'v1', port: { number: 80 } }, weight: 1, headers: {} },
    { destination: { host: 'reviews' }, weight: 2 },
  ];
  const text = { exact: 'a' };
  const source = { gateways: ['mesh'], port: 80, sourceLabels: { a: 'b' }, sourceNamespace: 'web' };
  testTotality('VirtualService', translateVirtualService, {
    hosts: ['a.example', '*.b.example', 'reviews'],
    gateways: ['mesh', 'shop/out', 'out'],
    http: [
      {
        name: 'a',
        match: [
          { ...source, uri: { regex: 'a+' }, ignoreUriCase: true, scheme: text, method: text, authority: text },
          { headers: { a: text, b: {} }, withoutHeaders: { a: { prefix: 'a' } }, queryParams: { a: { regex: 'a' } } },
        ],
        route,
        timeout: '3s',
      },
      { redirect: { uri: '/' } },
      { rewrite: { uri: '/' }, route },
    ],
    tls: [
      { match: [{ ...source, sni_hosts: ['a.example', '*.b.example'], destinationSubnets: ['198.18.0.1'] }], route },
    ],
    tcp: [{ match: [{ ...source, destinationSubnets: ['198.18.0.0/15'] }], route }],
    exportTo: ['.', 'web'],
  });
});
