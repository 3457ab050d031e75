import { deepEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { decide } from '../../../../agent/registry/decide.ts';
import { OPAQUE, OPEN, resolved, type Said, SILENT } from './builders.ts';
import { arriving, GATEWAY, type Given, gateway, gatewayOf, OUTSIDE, to, virtualService } from './resources.ts';
import { gatewayRows } from './route-rows.ts';

const DB: Said = { name: 'db', hosts: ['db.test'], ports: ['3306 tcp'] };
const tcp = (...listed: readonly Said[]): Given => ({
  listed,
  written: [
    gateway(['3306 TCP *']),
    virtualService({ hosts: ['db.test'], gateways: ['egress-gw'], tcp: [{ route: [to('db.test:3306')] }] }),
  ],
});

gatewayRows('TCP and the grants of its source', [
  {
    says: 'not told where to: the destination is listed for it',
    given: tcp(DB),
    asks: arriving(3306, OPEN),
    want: 'direct',
  },
  {
    says: 'not told: it is listed for the gateway alone',
    given: tcp({ ...DB, to: ['istio-system'] }),
    asks: arriving(3306, OPEN),
    want: '502 not-listed',
  },
  {
    says: 'not told: it is listed with a name to be shown',
    given: tcp({ ...DB, ports: ['3306 tls'] }),
    asks: arriving(3306, OPEN),
    want: '502 not-listed',
  },
  {
    says: 'not told, ALLOW_ANY',
    given: { ...tcp({ ...DB, to: ['istio-system'] }), mode: 'ALLOW_ANY' },
    asks: arriving(3306, OPEN),
    want: 'direct (allow-any)',
  },
  {
    says: 'not told: another host on that port is not what the route leads to',
    given: tcp({ ...DB, to: ['istio-system'] }, { ...DB, name: 'own', hosts: ['own.test'], to: ['shop'] }),
    asks: arriving(3306, OPEN),
    want: '502 not-listed',
  },
  {
    says: 'told: the address that it dialled is listed',
    given: tcp({ ...DB, addresses: ['203.0.113.0/24'] }),
    asks: arriving(3306, OPEN, { dialled: '203.0.113.9:3306' }),
    want: 'direct',
  },
  {
    says: 'told: it is not',
    given: tcp({ ...DB, addresses: ['203.0.113.0/24'] }),
    asks: arriving(3306, OPEN, { dialled: '198.18.0.9:3306' }),
    want: '502 not-listed',
  },
  {
    says: 'told: among several by answers',
    given: tcp(DB, { ...DB, name: 'db2', hosts: ['db2.test'] }),
    asks: arriving(3306, SILENT, { dialled: '203.0.113.9:3306' }),
    want: 'need answers db.test db2.test',
  },
  {
    says: 'told: one of the answers',
    given: tcp(DB, { ...DB, name: 'db2', hosts: ['db2.test'] }),
    asks: {
      ...arriving(3306, SILENT, { dialled: '203.0.113.9:3306' }),
      answers: resolved({ 'db.test': ['203.0.113.9'], 'db2.test': [] }),
    },
    want: 'direct',
  },
  {
    says: 'a client from outside needs none',
    given: tcp({ ...DB, to: ['istio-system'] }),
    asks: arriving(3306, OPEN, { from: OUTSIDE }),
    want: 'direct',
  },
]);

test('TCP that is not listed says where it would have gone', () => {
  const steps: string[] = [];
  const given: Given = { ...tcp({ ...DB, to: ['istio-system'] }), mode: 'REGISTRY_ONLY' };
  const refused = decide(gatewayOf(given), GATEWAY, arriving(3306, OPAQUE), (step) => steps.push(step));
  deepEqual(steps.slice(-2), [
    'where the route leads is not listed as TCP for shop: db.test',
    'REGISTRY_ONLY (ConfigMap istio-system/istio): what no resource lists is refused',
  ]);
  deepEqual(refused.kind === 'deny' && refused.matched[0]?.kind, 'ConfigMap');
});
