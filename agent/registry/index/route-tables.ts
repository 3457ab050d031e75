import type { GatewayKey, RouteTable } from '../route-table.ts';
import { addName, type NameIndex, nameIndex } from './names.ts';

/** Route tables by the gateway that they are in force at, then by host; older ones first. */
export type RouteTableIndex = ReadonlyMap<GatewayKey, NameIndex<RouteTable>>;

/** `tables` in the order of age. */
export function routeTableIndex(tables: readonly RouteTable[]): RouteTableIndex {
  const byGateway = new Map<GatewayKey, NameIndex<RouteTable>>();
  for (const table of tables) {
    for (const gateway of table.gateways) {
      let index = byGateway.get(gateway);
      if (!index) byGateway.set(gateway, (index = nameIndex()));
      for (const host of table.hosts) addName(index, host, table);
    }
  }
  return byGateway;
}
