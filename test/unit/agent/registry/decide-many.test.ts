import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { compile } from '../../../../agent/registry/compile.ts';
import { decide } from '../../../../agent/registry/decide.ts';
import type { ResourceSet } from '../../../../agent/registry/model.ts';
import type { RouteTable } from '../../../../agent/registry/route-table.ts';
import type { Visibility } from '../../../../agent/registry/visibility.ts';
import { grant, hostname, http, MESH } from './builders.ts';
import { arriving, GATEWAY, GATEWAY_LABELS, gateway, setOf, tableOf, to } from './resources.ts';
import { asks, outcome } from './route-rows.ts';

// A decision costs the same among many resources as among few: what it looks at is counted, not timed.

const MANY = 100_000;

/** 100 000 ServiceEntries, each with its VirtualService, and which of them were looked at. */
function many(): { readonly set: ResourceSet; readonly looked: () => readonly string[] } {
  const seen = new Set<string>();
  const [oneGrant, oneTable] = [grant({ hosts: ['h.test'], ports: ['80 http'] }), oneRoute()];
  const set: ResourceSet = {
    ...setOf({ written: [gateway(['80 HTTP *'])] }),
    grants: Array.from({ length: MANY }, (_, at) => ({
      ...oneGrant,
      hosts: [{ kind: 'exact', name: hostname(`h${at}.test`) }],
      get visibleTo(): Visibility {
        seen.add(`grant ${at}`);
        return 'all';
      },
    })),
    routeTables: Array.from({ length: MANY }, (_, at) => ({
      ...oneTable,
      hosts: [{ kind: 'exact', name: hostname(`h${at}.test`) }],
      get visibleTo(): Visibility {
        seen.add(`table ${at}`);
        return 'all';
      },
    })),
  };
  return {
    set,
    looked: () => {
      const all = [...seen].toSorted();
      seen.clear();
      return all;
    },
  };
}

function oneRoute(): RouteTable {
  const gateways = ['mesh', 'egress-gw'];
  return tableOf({ hosts: ['h.test'], gateways, http: [{ name: 'way', route: [to('h77777.test:80')] }] });
}

const OWN = ['grant 77777', 'table 77777'];

test('beside a workload it looks at one grant and one VirtualService', () => {
  const { set, looked } = many();
  const registry = compile(set, 1);
  looked();
  equal(outcome(decide(registry, MESH, asks(http('h77777.test')))), 'route way');
  deepEqual(looked(), OWN);
  equal(outcome(decide(registry, MESH, asks(http('none.test')))), '502 not-listed');
  deepEqual(looked(), []);
});

test('at a gateway, too', () => {
  const { set, looked } = many();
  const registry = compile(set, 1, { ...GATEWAY, labels: GATEWAY_LABELS });
  looked();
  equal(outcome(decide(registry, GATEWAY, arriving(80, http('h77777.test')))), 'route way');
  deepEqual(looked(), OWN);
  equal(outcome(decide(registry, GATEWAY, arriving(80, http('none.test')))), '404 no-route');
  deepEqual(looked(), []);
});
