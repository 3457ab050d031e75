import { deepEqual, equal } from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RequestFacts } from '../../../../agent/model/evidence.ts';
import {
  type Found,
  findHttpRoute,
  findTcpRoute,
  findTlsRoute,
  type Placed,
} from '../../../../agent/registry/find-route.ts';
import { MESH_GATEWAY, type RouteTable } from '../../../../agent/registry/route-table.ts';
import { flow, hostname, OPAQUE, port, request } from './builders.ts';
import { podOf, tableOf, to } from './resources.ts';

const A = to('a.test:80');

/** In force beside workloads, for a call to this port. */
function placed(table: RouteTable, at = 80): Placed {
  return { table, standing: { gateway: MESH_GATEWAY, port: port(at), source: podOf('shop') } };
}

function httpTable(http: readonly object[], name = 'api'): RouteTable {
  return tableOf({ hosts: ['api.test'], http }, { name });
}

function asked(line: string, ...headers: readonly string[]): RequestFacts {
  const evidence = request(line, ...headers);
  if (evidence.kind !== 'http') throw new TypeError('the test itself is wrong: no request');
  return evidence.request;
}

/** `http[1] named NAME of TABLE`, or why there is none. */
function text(found: Found): string {
  if (found.kind !== 'found') return found.kind;
  return `${found.place}${found.name === undefined ? '' : ` named ${found.name}`} of ${found.table.ref.name}`;
}

const rows: readonly {
  readonly says: string;
  readonly tables: readonly Placed[];
  readonly asks: string;
  readonly want: string;
}[] = [
  { says: 'no tables', tables: [], asks: 'GET api.test/', want: 'no-table' },
  {
    says: 'the first route that takes it',
    tables: [placed(httpTable([{ match: [{ uri: { exact: '/x' } }], route: [A] }, { route: [A] }, { route: [A] }]))],
    asks: 'GET api.test/',
    want: 'http[1] of api',
  },
  {
    says: 'one of its matches suffices',
    tables: [placed(httpTable([{ match: [{ uri: { exact: '/x' } }, { uri: { exact: '/y' } }], route: [A] }]))],
    asks: 'GET api.test/y',
    want: 'http[0] of api',
  },
  {
    says: 'the name of a route, and behind a dot that of its match',
    tables: [placed(httpTable([{ name: 'r', match: [{ name: 'm', uri: { prefix: '/' } }], route: [A] }]))],
    asks: 'GET api.test/',
    want: 'http[0] named r.m of api',
  },
  {
    says: 'a match that is named alone',
    tables: [placed(httpTable([{ match: [{ name: 'm' }], route: [A] }]))],
    asks: 'GET api.test/',
    want: 'http[0] named m of api',
  },
  {
    says: 'the next table is asked where the first takes nothing',
    tables: [
      placed(httpTable([{ match: [{ uri: { exact: '/x' } }], route: [A] }], 'first')),
      placed(httpTable([{ route: [A] }], 'second')),
    ],
    asks: 'GET api.test/',
    want: 'http[0] of second',
  },
  {
    says: 'routes for another port are not there',
    tables: [placed(httpTable([{ match: [{ port: 8080 }], route: [A] }]))],
    asks: 'GET api.test/',
    want: 'no-table',
  },
  {
    says: 'a place counts those that are not there',
    tables: [placed(httpTable([{ match: [{ port: 8080 }], route: [A] }, { route: [A] }]))],
    asks: 'GET api.test/',
    want: 'http[1] of api',
  },
  {
    says: 'a match that is not for such a flow does not take it, though its route stays',
    tables: [
      placed(
        httpTable([
          {
            match: [
              { port: 8080, uri: { exact: '/x' } },
              { port: 80, uri: { exact: '/y' } },
            ],
            route: [A],
          },
        ]),
      ),
    ],
    asks: 'GET api.test/x',
    want: 'no-match',
  },
  {
    says: 'a path whose readings take different routes',
    tables: [placed(httpTable([{ match: [{ uri: { prefix: '/x' } }], route: [A] }, { route: [A] }]))],
    asks: 'GET api.test/x/../y',
    want: 'ambiguous',
  },
  {
    says: 'a path whose readings take two matches of one route',
    tables: [
      placed(
        httpTable([
          {
            match: [
              { name: 'x', uri: { prefix: '/x' } },
              { name: 'y', uri: { prefix: '/y' } },
            ],
            route: [A],
          },
        ]),
      ),
    ],
    asks: 'GET api.test/x/../y',
    want: 'http[0] named x of api',
  },
  {
    says: 'a path of which only the other reading is taken',
    tables: [placed(httpTable([{ match: [{ uri: { exact: '/y' } }], route: [A] }]))],
    asks: 'GET api.test/x/../y',
    want: 'ambiguous',
  },
  {
    says: 'a path of which no reading is taken',
    tables: [placed(httpTable([{ match: [{ uri: { exact: '/z' } }], route: [A] }]))],
    asks: 'GET api.test/x/../y',
    want: 'no-match',
  },
  {
    says: 'a route before them that takes both',
    tables: [
      placed(
        httpTable([
          { match: [{ method: { exact: 'GET' } }], route: [A] },
          { match: [{ uri: { prefix: '/x' } }], route: [A] },
        ]),
      ),
    ],
    asks: 'GET api.test/x/../y',
    want: 'http[0] of api',
  },
];

describe('which HTTP route', () => {
  for (const { says, tables, asks, want } of rows) {
    test(says, () => equal(text(findHttpRoute(tables, asked(asks))), want));
  }
});

test('what was looked at: of the routes tried before, too, each once', () => {
  const table = placed(
    httpTable([
      { match: [{ uri: { exact: '/x' } }, { uri: { exact: '/y' } }], route: [A] },
      { match: [{ headers: { 'x-user': {} } }], route: [A] },
      { match: [{ uri: { exact: '/' } }], route: [A] },
      { match: [{ method: { exact: 'GET' } }], route: [A] },
    ]),
  );
  const found = findHttpRoute([table], asked('GET api.test/'));
  deepEqual(found.kind === 'found' && found.looked, ['http-path', 'http-headers']);
  const none = findHttpRoute([table], asked('PUT api.test/z'));
  deepEqual(none.kind === 'no-match' && none.looked, ['http-path', 'http-headers', 'http-method']);
});

const TLS = tableOf({
  hosts: ['a.test', 'b.test'],
  tls: [
    { match: [{ sniHosts: ['a.test'] }], route: [A] },
    { match: [{ sniHosts: ['b.test'], destinationSubnets: ['203.0.113.0/24'] }], route: [A] },
    { match: [{ sniHosts: ['b.test'], port: 444 }], route: [A] },
  ],
});

const tls: readonly (readonly [says: string, name: string | undefined, to: string, want: string])[] = [
  ['by its name', 'a.test', '203.0.113.1:443', 'tls[0] of api'],
  ['by name and address', 'b.test', '203.0.113.1:443', 'tls[1] of api'],
  ['another address', 'b.test', '198.18.0.1:443', 'no-match'],
  ['an address that is not known', 'b.test', ':443', 'no-match'],
  ['another name', 'c.test', '203.0.113.1:443', 'no-match'],
  ['no name', undefined, '203.0.113.1:443', 'no-match'],
];

describe('which TLS route', () => {
  for (const [says, name, dialled, want] of tls) {
    test(says, () => {
      const sni = name === undefined ? undefined : hostname(name);
      equal(text(findTlsRoute([placed(TLS, 443)], sni, flow(dialled, OPAQUE))), want);
    });
  }
});

const TCP = tableOf({
  hosts: ['db.test'],
  tcp: [
    { match: [{ destinationSubnets: ['203.0.113.0/24'] }], route: [A] },
    { match: [{ port: 3307 }], route: [A] },
  ],
});

const tcp: readonly (readonly [says: string, at: number, to: string, want: string])[] = [
  ['by its address', 3306, '203.0.113.1:3306', 'tcp[0] of api'],
  ['by its port', 3307, '198.18.0.1:3307', 'tcp[1] of api'],
  ['neither', 3306, '198.18.0.1:3306', 'no-match'],
];

describe('which TCP route', () => {
  for (const [says, at, dialled, want] of tcp) {
    test(says, () => equal(text(findTcpRoute([placed(TCP, at)], flow(dialled, OPAQUE))), want));
  }
  test('none for such a flow is as if there were no table', () => {
    equal(text(findTcpRoute([placed(httpTable([{ route: [A] }]))], flow('203.0.113.1:80', OPAQUE))), 'no-table');
  });
});
