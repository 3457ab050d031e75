import { type GatewayKey, MESH_GATEWAY } from '../../registry/route-table.ts';

/** A name alone is a Gateway of the VirtualService's own namespace. */
export function gatewayKey(written: string, namespace: string): GatewayKey {
  return written === MESH_GATEWAY || written.includes('/') ? written : `${namespace}/${written}`;
}

/** spec.gateways; without any it is the mesh. */
export function tableGateways(written: readonly string[] = [], namespace: string): readonly GatewayKey[] {
  if (written.length === 0) return [MESH_GATEWAY];
  return [...new Set(written.map((name) => gatewayKey(name, namespace)))];
}

/** match.gateways takes the place of spec.gateways, and cannot be wider: the table is in force nowhere else. */
export function matchGateways(
  written: readonly string[] = [],
  table: readonly GatewayKey[],
  namespace: string,
): readonly GatewayKey[] {
  if (written.length === 0) return table;
  return tableGateways(written, namespace).filter((key) => table.includes(key));
}
