import { deepEqual, equal } from 'node:assert/strict';
import { describe, test } from 'node:test';
import { flow, http } from './builders.ts';
import { API, asked, DIALLED, EGRESS, led, way } from './destination-ways.ts';
import { destinationRule, service, to, type Written } from './resources.ts';

const TLS = { tls: { mode: 'SIMPLE' } };
const PLAIN = { tls: { mode: 'DISABLE' } };
const REFUSED = '503 tls-not-originated';
const OPEN_WAY = 'outbound|80||api.test → api.test:80';

const rules: readonly { readonly says: string; readonly rule: Written; readonly to?: object; readonly want: string }[] =
  [
    { says: 'its host', rule: destinationRule({ host: 'api.test', trafficPolicy: TLS }), want: REFUSED },
    { says: 'a wildcard', rule: destinationRule({ host: '*.test', trafficPolicy: TLS }), want: REFUSED },
    { says: 'another host', rule: destinationRule({ host: 'b.test', trafficPolicy: TLS }), want: OPEN_WAY },
    {
      says: 'its port',
      rule: destinationRule({
        host: 'api.test',
        trafficPolicy: { portLevelSettings: [{ port: { number: 80 }, ...TLS }] },
      }),
      want: REFUSED,
    },
    {
      says: 'another port',
      rule: destinationRule({
        host: 'api.test',
        trafficPolicy: { portLevelSettings: [{ port: { number: 81 }, ...TLS }] },
      }),
      want: OPEN_WAY,
    },
    {
      says: 'its host, but not its port',
      rule: destinationRule({
        host: 'api.test',
        trafficPolicy: { ...TLS, portLevelSettings: [{ port: { number: 80 }, ...PLAIN }] },
      }),
      want: OPEN_WAY,
    },
    {
      says: 'its subset',
      rule: destinationRule({ host: 'api.test', subsets: [{ name: 'v2', trafficPolicy: TLS }] }),
      to: to('api.test:80/v2'),
      want: REFUSED,
    },
    {
      says: 'another subset',
      rule: destinationRule({ host: 'api.test', subsets: [{ name: 'v1', trafficPolicy: TLS }] }),
      want: OPEN_WAY,
    },
    {
      says: 'its host, but not its subset',
      rule: destinationRule({ host: 'api.test', trafficPolicy: TLS, subsets: [{ name: 'v2', trafficPolicy: PLAIN }] }),
      to: to('api.test:80/v2'),
      want: 'outbound|80|v2|api.test → api.test:80',
    },
    {
      says: 'its host, where a subset is silent',
      rule: destinationRule({ host: 'api.test', trafficPolicy: TLS, subsets: [{ name: 'v2' }] }),
      to: to('api.test:80/v2'),
      want: REFUSED,
    },
    {
      says: 'its host, where the rule knows no such subset',
      rule: destinationRule({ host: 'api.test', trafficPolicy: TLS }),
      to: to('api.test:80/v2'),
      want: REFUSED,
    },
    { says: 'nothing: DISABLE', rule: destinationRule({ host: 'api.test', trafficPolicy: PLAIN }), want: OPEN_WAY },
    {
      says: 'its host, for others alone',
      rule: destinationRule({ host: 'api.test', trafficPolicy: TLS, exportTo: ['.'] }, { namespace: 'bank' }),
      want: OPEN_WAY,
    },
  ];

describe('a DestinationRule asks for TLS towards', () => {
  for (const { says, rule, to: where = to('api.test:80'), want } of rules) {
    test(says, () => equal(way(led(asked({ listed: [API], written: [rule] }), where)), want));
  }
  test('a Service', () => {
    const rule = destinationRule({ host: EGRESS, trafficPolicy: TLS });
    equal(way(led(asked({ written: [service('egress', ['80']), rule] }), to(`${EGRESS}:80`))), REFUSED);
  });
  test('one of several destinations: all of it is refused', () => {
    const rule = destinationRule({ host: 'other.test', trafficPolicy: TLS });
    const given = { listed: [API, { ...API, hosts: ['other.test'] }], written: [rule] };
    const both = led(asked(given), to('api.test:80', 1), to('other.test:80', 1));
    equal(way(both), REFUSED);
    deepEqual(both.kind === 'deny' && both.dependsOn, ['source', 'port']);
  });
  test('a destination at weight 0: nobody goes there', () => {
    const rule = destinationRule({ host: 'other.test', trafficPolicy: TLS });
    const given = { listed: [API], written: [rule] };
    equal(way(led(asked(given), to('api.test:80', 1), to('other.test:80', 0))), OPEN_WAY);
  });
});

test("at a gateway what its own namespace sees counts as well, the source's view first", () => {
  const own = { ...API, to: ['istio-system'], reach: ['198.18.0.1'] };
  const facts = flow(`${DIALLED}:80`, http('api.test'));
  equal(
    way(led(asked({ listed: [own] }, facts, 'gateway'), to('api.test:80'))),
    'outbound|80||api.test → 198.18.0.1:80',
  );
  equal(way(led(asked({ listed: [own] }, facts), to('api.test:80'))), 'outbound|80||api.test → unknown');
  equal(way(led(asked({ listed: [own, API] }, facts, 'gateway'), to('api.test:80'))), OPEN_WAY);
  for (const namespace of ['istio-system', 'shop']) {
    const rule = destinationRule({ host: 'api.test', trafficPolicy: TLS, exportTo: ['.'] }, { namespace });
    equal(way(led(asked({ listed: [API], written: [rule] }, facts, 'gateway'), to('api.test:80'))), REFUSED, namespace);
  }
});

test('an older rule of the host hides none that the source has of its own', () => {
  const plain = destinationRule(
    { host: 'api.test', trafficPolicy: PLAIN },
    { namespace: 'bank', creationTimestamp: '2026-01-01T00:00:00Z' },
  );
  const tls = destinationRule({ host: 'api.test', trafficPolicy: TLS });
  equal(way(led(asked({ listed: [API], written: [plain, tls] }), to('api.test:80'))), REFUSED);
});
