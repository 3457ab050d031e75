import { meshMode, serviceEntry } from '../lab/captured.ts';
import { CLUSTER_CIDR } from '../lab/gateway.ts';
import type { Lab } from '../lab/lab.ts';
import { EGRESS_GATEWAY, istioResource, podResource } from '../lab/resources.ts';
import { CELLS, type Numbered, waitsForBytes } from './cells.ts';

/** The name of the origin of all rows. */
export const HOST = 'faults.test';
export const WORKLOAD = 'default/sleep';
export const CIDR_OPTION = ['--cluster-cidr', CLUSTER_CIDR] as const;

/**
 * Every row's port is listed as TCP; where the verdict has to wait, for a TLS name as well. The ports of the rows through
 * the gateway are routed there, and the gateway has a server for each.
 */
export function resourceFiles(lab: Lab, client: string, gateway: string): Readonly<Record<string, string>> {
  const through = CELLS.filter(({ way }) => way === 'through the gateway').map(({ originPort }) => originPort);
  const waiting = CELLS.filter(waitsForBytes);
  const { v4, v6 } = lab.pod(client);
  return {
    'mesh.yaml': meshMode('REGISTRY_ONLY'),
    'pods.yaml': podResource(WORKLOAD, {}, [v4, v6]),
    'opaque.yaml': serviceEntry({ name: 'opaque', hosts: [HOST], ports: listed(CELLS, 'TCP') }),
    'named.yaml': serviceEntry({ name: 'named', hosts: ['named.test'], ports: listed(waiting, 'TLS') }),
    'service.yaml': gatewayService(through),
    'slice.yaml': gatewaySlice(through, lab.pod(gateway).v4),
    'gateway.yaml': istioResource('Gateway', 'egress', {
      selector: { istio: 'egressgateway' },
      servers: through.map((number) => ({ port: { number, name: `p-${number}`, protocol: 'TCP' }, hosts: ['*'] })),
    }),
    'routes.yaml': istioResource('VirtualService', 'faults', {
      hosts: [HOST],
      gateways: ['mesh', 'egress'],
      tcp: through.flatMap((port) => [routed('mesh', EGRESS_GATEWAY, port), routed('egress', HOST, port)]),
    }),
  };
}

function listed(cells: readonly Numbered[], protocol: string): readonly (readonly [number, string])[] {
  return cells.map(({ originPort }) => [originPort, protocol]);
}

function routed(gateway: string, host: string, number: number) {
  return { match: [{ gateways: [gateway], port: number }], route: [{ destination: { host, port: { number } } }] };
}

const SERVICE = { namespace: 'istio-system', name: 'istio-egressgateway' } as const;
const portOf = (port: number) => ({ name: `p-${port}`, port, protocol: 'TCP' });

function gatewayService(ports: readonly number[]): string {
  const metadata = { ...SERVICE, annotations: { 'weir.dev/gateway-transport': 'proxy-v2' } };
  const spec = {
    selector: { istio: 'egressgateway' },
    ports: ports.map((port) => ({ ...portOf(port), targetPort: port })),
  };
  return document({ apiVersion: 'v1', kind: 'Service', metadata, spec });
}

function gatewaySlice(ports: readonly number[], address: string): string {
  const labels = { 'kubernetes.io/service-name': SERVICE.name };
  return document({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { namespace: SERVICE.namespace, name: `${SERVICE.name}-ipv4`, labels },
    addressType: 'IPv4',
    ports: ports.map(portOf),
    endpoints: [{ addresses: [address], conditions: { ready: true } }],
  });
}

function document(object: Readonly<Record<string, unknown>>): string {
  return `${JSON.stringify(object, null, 1)}\n`;
}
