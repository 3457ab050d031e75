import { meshMode, serviceEntry } from '../lab/captured.ts';
import { CLUSTER_CIDR } from '../lab/gateway.ts';
import type { Lab } from '../lab/lab.ts';
import { EGRESS_GATEWAY, endpointSlices, gatewayService, istioResource, podResource } from '../lab/resources.ts';
import { CELLS, GATEWAY_PORTS, type Numbered, waitsForBytes } from './cells.ts';

/** The name of the origin of all rows. */
export const HOST = 'faults.test';
export const WORKLOAD = 'default/sleep';
export const CIDR_OPTION = ['--cluster-cidr', CLUSTER_CIDR] as const;

/**
 * Every row's port is listed as TCP; where the verdict has to wait, for a TLS name as well. The ports of the rows through
 * the gateway are routed there, and the gateway has a server for each.
 */
export function resourceFiles(lab: Lab, client: string, gateway: string): Readonly<Record<string, string>> {
  const waiting = CELLS.filter(waitsForBytes);
  const { v4, v6 } = lab.pod(client);
  return {
    'mesh.yaml': meshMode('REGISTRY_ONLY'),
    'pods.yaml': podResource(WORKLOAD, {}, [v4, v6]),
    'opaque.yaml': serviceEntry({ name: 'opaque', hosts: [HOST], ports: listed(CELLS, 'TCP') }),
    'named.yaml': serviceEntry({ name: 'named', hosts: ['named.test'], ports: listed(waiting, 'TLS') }),
    'service.yaml': gatewayService('proxy-v2', GATEWAY_PORTS),
    'slice.yaml': endpointSlices([lab.pod(gateway).v4], GATEWAY_PORTS),
    'gateway.yaml': istioResource('Gateway', 'egress', {
      selector: { istio: 'egressgateway' },
      servers: GATEWAY_PORTS.map((number) => ({
        port: { number, name: `p-${number}`, protocol: 'TCP' },
        hosts: ['*'],
      })),
    }),
    'routes.yaml': istioResource('VirtualService', 'faults', {
      hosts: [HOST],
      gateways: ['mesh', 'egress'],
      tcp: GATEWAY_PORTS.flatMap((port) => [routed('mesh', EGRESS_GATEWAY, port), routed('egress', HOST, port)]),
    }),
  };
}

function listed(cells: readonly Numbered[], protocol: string): readonly (readonly [number, string])[] {
  return cells.map(({ originPort }) => [originPort, protocol]);
}

function routed(gateway: string, host: string, number: number) {
  return { match: [{ gateways: [gateway], port: number }], route: [{ destination: { host, port: { number } } }] };
}
