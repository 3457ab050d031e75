import { deepEqual, equal, ok } from 'node:assert/strict';
import { describe, test } from 'node:test';
import { leadTo, listedFor, portOf, taken } from '../../../../agent/registry/destination.ts';
import { flow, hostname, http, port, resolved } from './builders.ts';
import { API, asked, DIALLED, destinations, EGRESS, led, way } from './destination-ways.ts';
import { type Given, service, slice, to, type Written } from './resources.ts';

const SLICES: readonly Written[] = [
  slice('egress', ['p80 8080', 'p443 8443'], ['198.18.64.1', '198.18.64.2'], { name: 'a' }),
  slice('egress', ['p80 8080'], ['198.18.64.3'], { name: 'b' }),
];
const TOLD = { annotations: { 'weir.dev/gateway-transport': 'proxy-v2' } };

type Row = { readonly says: string; readonly given: Given; readonly to: readonly object[]; readonly want: string };

const rows: readonly Row[] = [
  {
    says: 'a Service: its endpoints, of all slices, by the name of the port',
    given: { written: [service('egress', ['80', '443']), ...SLICES] },
    to: [to(`${EGRESS}:80`)],
    want: `outbound|80||${EGRESS} → gateway 198.18.64.1:8080 198.18.64.2:8080 198.18.64.3:8080`,
  },
  {
    says: 'another of its ports',
    given: { written: [service('egress', ['80', '443']), ...SLICES] },
    to: [to(`${EGRESS}:443`)],
    want: `outbound|443||${EGRESS} → gateway 198.18.64.1:8443 198.18.64.2:8443`,
  },
  {
    says: 'a Service with one port, which needs no naming',
    given: { written: [service('egress', ['443']), ...SLICES] },
    to: [to(EGRESS)],
    want: `outbound|443||${EGRESS} → gateway 198.18.64.1:8443 198.18.64.2:8443`,
  },
  {
    says: 'of several the port that was asked for',
    given: { written: [service('egress', ['443', '80']), ...SLICES] },
    to: [to(EGRESS)],
    want: `outbound|80||${EGRESS} → gateway 198.18.64.1:8080 198.18.64.2:8080 198.18.64.3:8080`,
  },
  {
    says: 'a port that the Service does not have leads to nowhere',
    given: { written: [service('egress', ['80']), ...SLICES] },
    to: [to(`${EGRESS}:81`)],
    want: `outbound|81||${EGRESS} → gateway unknown`,
  },
  {
    says: 'a Service without endpoints is known, and has none',
    given: { written: [service('egress', ['80'])] },
    to: [to(`${EGRESS}:80`)],
    want: `outbound|80||${EGRESS} → gateway `,
  },
  {
    says: 'a Service that says how it is spoken to',
    given: { written: [service('egress', ['80'], TOLD), slice('egress', ['p80 80'], ['198.18.64.1'])] },
    to: [to(`${EGRESS}:80`)],
    want: `outbound|80||${EGRESS} → gateway proxy-v2 198.18.64.1:80`,
  },
  {
    says: 'a Service that a ServiceEntry has too',
    given: { listed: [{ ...API, hosts: [EGRESS] }], written: [service('egress', ['80']), ...SLICES] },
    to: [to(`${EGRESS}:80`)],
    want: `outbound|80||${EGRESS} → gateway 198.18.64.1:8080 198.18.64.2:8080 198.18.64.3:8080`,
  },
  {
    says: 'a listed host: by our own resolution',
    given: { listed: [API] },
    to: [to('api.test:80')],
    want: 'outbound|80||api.test → api.test:80',
  },
  {
    says: 'with its target port',
    given: { listed: [{ ...API, ports: ['80 http 8080'] }] },
    to: [to('api.test:80')],
    want: 'outbound|80||api.test → api.test:8080',
  },
  {
    says: 'with its endpoints',
    given: { listed: [{ ...API, reach: ['198.18.0.1', 'backend.test'] }] },
    to: [to('api.test:80')],
    want: 'outbound|80||api.test → 198.18.0.1:80 backend.test:80',
  },
  {
    says: 'to the address dialled, if that is listed',
    given: { listed: [{ ...API, reach: 'original', addresses: [DIALLED] }] },
    to: [to('api.test:80')],
    want: 'outbound|80||api.test → as dialled',
  },
  {
    says: 'else its answers are needed',
    given: { listed: [{ ...API, reach: 'original' }] },
    to: [to('api.test:80')],
    want: 'need api.test',
  },
  {
    says: 'to another port than was dialled: by our own resolution',
    given: { listed: [{ ...API, ports: ['8080 http'], reach: 'original', addresses: [DIALLED] }] },
    to: [to('api.test:8080')],
    want: 'outbound|8080||api.test → api.test:8080',
  },
  {
    says: 'without a port: the only one of the host',
    given: { listed: [{ ...API, ports: ['8080 http'] }] },
    to: [to('api.test')],
    want: 'outbound|8080||api.test → api.test:8080',
  },
  {
    says: 'without a port: of several the one that was asked for',
    given: { listed: [{ ...API, ports: ['8080 http', '80 http'] }] },
    to: [to('api.test')],
    want: 'outbound|80||api.test → api.test:80',
  },
  {
    says: 'without a port: several, none of which was asked for',
    given: { listed: [{ ...API, ports: ['8080 http', '8081 http'] }] },
    to: [to('api.test')],
    want: 'outbound|80||api.test → unknown',
  },
  {
    says: 'below a wildcard: the name itself is resolved',
    given: { listed: [{ ...API, hosts: ['*.test'] }] },
    to: [to('api.test:80')],
    want: 'outbound|80||*.test → api.test:80',
  },
  {
    says: 'the wildcard where the exact host lacks the port',
    given: {
      listed: [
        { ...API, ports: ['81 http'] },
        { name: 'wild', hosts: ['*.test'], ports: ['80 http'] },
      ],
    },
    to: [to('api.test:80')],
    want: 'outbound|80||*.test → api.test:80',
  },
  {
    says: 'a host of no resource leads to nowhere',
    given: {},
    to: [to('api.test:80')],
    want: 'outbound|80||api.test → unknown',
  },
  {
    says: 'so does a port that is not listed',
    given: { listed: [API] },
    to: [to('api.test:81')],
    want: 'outbound|81||api.test → unknown',
  },
  {
    says: 'so does one that others see',
    given: { listed: [{ ...API, to: ['bank'] }] },
    to: [to('api.test:80')],
    want: 'outbound|80||api.test → unknown',
  },
  {
    says: 'a subset stands in the name of the cluster',
    given: { listed: [API] },
    to: [to('api.test:80/v2')],
    want: 'outbound|80|v2|api.test → api.test:80',
  },
  {
    says: 'of a Service, too',
    given: { written: [service('egress', ['80'])] },
    to: [to(`${EGRESS}:80/v2`)],
    want: `outbound|80|v2|${EGRESS} → gateway `,
  },
  {
    says: 'of nowhere, too',
    given: {},
    to: [to('api.test:80/v2')],
    want: 'outbound|80|v2|api.test → unknown',
  },
  {
    says: 'several: each with its weight',
    given: { listed: [{ ...API, ports: ['80 http', '81 http'] }] },
    to: [to('api.test:80', 80), to('api.test:81', 20)],
    want: '80× outbound|80||api.test → api.test:80, 20× outbound|81||api.test → api.test:81',
  },
  {
    says: 'weight 0 gets nothing',
    given: { listed: [{ ...API, ports: ['80 http', '81 http'] }] },
    to: [to('api.test:80', 0), to('api.test:81', 1)],
    want: 'outbound|81||api.test → api.test:81',
  },
  {
    says: 'one of several may lead to nowhere',
    given: { listed: [API] },
    to: [to('api.test:80', 1), to('none.test:80', 1)],
    want: '1× outbound|80||api.test → api.test:80, 1× outbound|80||none.test → unknown',
  },
];

describe('where a destination is', () => {
  for (const row of rows) test(row.says, () => equal(way(led(asked(row.given), ...row.to)), row.want));
});

test('a route without destinations takes nothing', () => {
  const none = leadTo(asked({}), { destinations: [], port: port(80), name: undefined, matched: [], looked: [] });
  equal(way(none), '404 no-route');
});

test('a single destination gets everything, whatever its weight', () => {
  const [only] = destinations(to('api.test', 0));
  ok(only);
  deepEqual(taken([{ ...only, weight: 0 }]), [{ ...only, weight: 0 }]);
});

test('the name of the route stands in each of its ways', () => {
  const both = leadTo(asked({ listed: [API] }), {
    destinations: destinations(to('api.test:80', 1), to('none.test:80', 2)),
    port: port(80),
    name: 'split',
    matched: [],
    looked: [],
  });
  ok(both.kind === 'allow');
  deepEqual(
    [both.route, ...(both.split ?? []).map(({ route }) => route)].map(({ name }) => name),
    ['split', 'split', 'split'],
  );
});

test('an original destination depends on where that is, and on answers', () => {
  const kept = asked(
    { listed: [{ ...API, reach: 'original' }] },
    flow(`${DIALLED}:80`, http('api.test'), resolved({ 'api.test': [DIALLED] })),
  );
  const decision = led(kept, to('api.test:80'));
  equal(way(decision), 'outbound|80||api.test → as dialled');
  deepEqual(decision.kind === 'allow' && decision.dependsOn, ['source', 'port', 'destination', 'answers']);
});

test('the port of a destination', () => {
  const given = { listed: [{ ...API, ports: ['8080 http'] }], written: [service('egress', ['443'])] };
  const question = asked(given);
  const at = (written: object) => destinations(written).map((each) => portOf(question, each, port(80)));
  deepEqual(at(to('api.test')), [8080]);
  deepEqual(at(to('api.test:81')), [81]);
  deepEqual(at(to(EGRESS)), [443]);
  deepEqual(at(to('none.test')), [80]);
  deepEqual(at(to('none.test:82')), [82]);
});

test('what lists a destination for a namespace', () => {
  const given = { listed: [API, { ...API, name: 'own', namespace: 'bank', to: ['bank'] }] };
  const [wanted] = destinations(to('api.test:80'));
  ok(wanted);
  const names = ['shop', 'bank'].map((each) => listedFor(asked(given), wanted, port(80), each)?.grant.ref.name);
  deepEqual(names, ['api', 'own']);
  equal(listedFor(asked(given), { ...wanted, host: hostname('none.test') }, port(80), 'shop'), undefined);
});
