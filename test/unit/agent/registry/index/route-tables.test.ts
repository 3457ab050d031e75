import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { findName } from '../../../../../agent/registry/index/names.ts';
import { routeTableIndex } from '../../../../../agent/registry/index/route-tables.ts';
import type { RouteTable } from '../../../../../agent/registry/route-table.ts';
import { hostname } from '../builders.ts';
import { tableOf, to } from '../resources.ts';

const HTTP = [{ route: [to('a.test')] }];

function names(tables: readonly RouteTable[], gateway: string, host?: string): readonly string[] | undefined {
  const index = routeTableIndex(tables).get(gateway);
  const name = host === undefined ? undefined : hostname(host);
  return index && findName(index, name, (values) => values.map(({ ref }) => ref.name));
}

test('a table stands at each of its gateways, by each of its hosts', () => {
  const table = tableOf({ hosts: ['a.test', '*.b.test'], gateways: ['mesh', 'gw'], http: HTTP }, { name: 'one' });
  for (const gateway of ['mesh', 'shop/gw']) {
    deepEqual(names([table], gateway, 'a.test'), ['one']);
    deepEqual(names([table], gateway, 'x.b.test'), ['one']);
    deepEqual(names([table], gateway, 'c.test'), []);
  }
  equal(names([table], 'shop/other', 'a.test'), undefined);
});

test('tables of one host come together in the order given', () => {
  const tables = ['first', 'second'].map((name) => tableOf({ hosts: ['a.test'], http: HTTP }, { name }));
  deepEqual(names(tables, 'mesh', 'a.test'), ['first', 'second']);
});

test('one for every host is found for no host', () => {
  const table = tableOf({ hosts: ['*'], gateways: ['gw'], http: HTTP });
  deepEqual(names([table], 'shop/gw'), ['api']);
});
