import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { decide } from '../../../../agent/registry/decide.ts';
import { http, request } from './builders.ts';
import {
  arriving,
  GATEWAY,
  type Given,
  gateway,
  gatewayOf,
  OUTSIDE,
  service,
  to,
  virtualService,
} from './resources.ts';
import { API, gatewayRows, outcome } from './route-rows.ts';

const virtual = (
  name: string,
  hosts: readonly string[],
  http: readonly object[],
  more: object = {},
  meta: object = {},
) => virtualService({ hosts, gateways: ['egress-gw'], http, ...more }, { name, ...meta });
const ok80 = (name: string, match?: object) => ({
  name,
  ...(match ? { match: [match] } : {}),
  route: [to('api.test:80')],
});

gatewayRows('which VirtualServices of a gateway', [
  {
    says: 'several of one host are one list of routes',
    given: {
      listed: [API],
      written: [
        gateway(['80 HTTP *']),
        virtual('a', ['api.test'], [ok80('a', { uri: { exact: '/a' } })]),
        virtual('b', ['api.test'], [ok80('b')]),
      ],
    },
    asks: arriving(80, request('GET api.test/')),
    want: 'route b',
  },
  {
    says: 'the exact host alone, where there is one',
    given: {
      listed: [API],
      written: [
        gateway(['80 HTTP *']),
        virtual('wild', ['*.test'], [ok80('wild')]),
        virtual('exact', ['api.test'], [ok80('exact', { uri: { exact: '/exact' } })]),
      ],
    },
    asks: arriving(80, request('GET api.test/')),
    want: '404 no-route',
  },
  {
    says: 'one that the gateway does not see is not there',
    given: {
      listed: [API],
      written: [gateway(['80 HTTP *']), virtual('hidden', ['api.test'], [ok80('hidden')], { exportTo: ['shop'] })],
    },
    asks: arriving(80, http('api.test')),
    want: '404 no-route',
  },
  {
    says: 'one that the source does not see is',
    given: {
      listed: [API],
      written: [gateway(['80 HTTP *']), virtual('own', ['api.test'], [ok80('own')], { exportTo: ['istio-system'] })],
    },
    asks: arriving(80, http('api.test')),
    want: 'route own',
  },
  {
    says: 'one without gateways is for the mesh (A18)',
    given: {
      listed: [API],
      written: [gateway(['80 HTTP *']), virtualService({ hosts: ['api.test'], http: [ok80('mesh')] })],
    },
    asks: arriving(80, http('api.test')),
    want: '404 no-route',
  },
  {
    says: 'one with routes for the mesh alone (A19)',
    given: {
      listed: [API],
      written: [
        gateway(['80 HTTP *']),
        virtualService({
          hosts: ['api.test'],
          gateways: ['mesh', 'egress-gw'],
          http: [ok80('mesh', { gateways: ['mesh'] })],
        }),
      ],
    },
    asks: arriving(80, http('api.test')),
    want: '404 no-route',
  },
  {
    says: 'one for a host that the Gateway does not serve (A20)',
    given: { listed: [API], written: [gateway(['80 HTTP other.test']), virtual('a', ['api.test'], [ok80('a')])] },
    asks: arriving(80, http('api.test')),
    want: '404 no-route',
  },
  {
    says: 'one for every host takes what names none',
    given: { listed: [API], written: [gateway(['80 HTTP *']), virtual('any', ['*'], [ok80('any')])] },
    asks: arriving(80, http(undefined), { from: OUTSIDE }),
    want: 'route any',
  },
  {
    says: 'the port of a match is that of the server, not the one listened on',
    given: {
      listed: [API],
      written: [
        gateway(['80 HTTP *']),
        service('egress', ['80 8080']),
        virtual('a', ['api.test'], [ok80('listened', { port: 8080 }), ok80('server', { port: 80 })]),
      ],
    },
    asks: arriving(8080, http('api.test')),
    want: 'route server',
  },
]);

test('what is refused names the Gateways and the VirtualService that were looked at', () => {
  const unsupported: Given = {
    written: [gateway(['80 HTTP *']), virtual('a', ['api.test'], [{ name: 'a', redirect: {} }])],
  };
  const refused = decide(gatewayOf(unsupported), GATEWAY, arriving(80, http('api.test')));
  equal(outcome(refused), '503 route-unsupported');
  deepEqual(refused.kind === 'deny' && refused.matched.map(({ kind, name }) => `${kind} ${name}`), [
    'Gateway egress-gw',
    'VirtualService a',
  ]);
  const none: Given = {
    written: [gateway(['80 HTTP *']), virtual('a', ['api.test'], [ok80('a', { method: { exact: 'PUT' } })])],
  };
  const unmatched = decide(gatewayOf(none), GATEWAY, arriving(80, http('api.test')));
  ok(unmatched.kind === 'deny');
  deepEqual([unmatched.httpStatus, unmatched.flag], [404, 'NR']);
  deepEqual(
    unmatched.matched.map(({ kind }) => kind),
    ['Gateway'],
  );
  deepEqual(unmatched.dependsOn, ['source', 'port', 'http-host', 'http-method']);
});
