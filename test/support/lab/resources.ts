import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Resource files as texts. JSON is YAML, so what is not meant to be read is written as JSON. */
type Files = Readonly<Record<string, string>>;

/** The YAML of a seed document, by file; unchanged but for the margin. */
export function seedFiles(seed: 'seed-000' | 'seed-002'): Files {
  const folder = fileURLToPath(new URL(`../../fixtures/config/${seed}`, import.meta.url));
  return Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(`${folder}/${name}`, 'utf8')]));
}

/** A running Pod, by `NAMESPACE/NAME`. */
export function podResource(
  pod: `${string}/${string}`,
  labels: Readonly<Record<string, string>>,
  ips: readonly string[],
): string {
  const [namespace = '', name = ''] = pod.split('/');
  const status = { phase: 'Running', podIP: ips[0], podIPs: ips.map((ip) => ({ ip })) };
  return document({ apiVersion: 'v1', kind: 'Pod', metadata: { namespace, name, labels }, spec: {}, status });
}

export const EGRESS_GATEWAY = 'istio-egressgateway.istio-system.svc.cluster.local';
const SERVICE = { namespace: 'istio-system', name: 'istio-egressgateway' } as const;
/** The pods listen on the same. */
const SERVICE_PORTS = [80, 443, 3306, 8080] as const;

/** The Service of the egress gateway; a transport if agents are to tell it who calls. */
export function gatewayService(
  transport: 'plain' | 'proxy-v2' = 'proxy-v2',
  numbers: readonly number[] = SERVICE_PORTS,
): string {
  const metadata = { ...SERVICE, annotations: { 'weir.dev/gateway-transport': transport } };
  const ports = numbers.map((port) => ({ name: `p-${port}`, port, targetPort: port, protocol: 'TCP' }));
  const spec = { selector: { istio: 'egressgateway' }, ports };
  return document({ apiVersion: 'v1', kind: 'Service', metadata, spec });
}

/** Where that Service's pods are: a slice for each family. */
export function endpointSlices(addresses: readonly string[], numbers: readonly number[] = SERVICE_PORTS): string {
  const ports = numbers.map((port) => ({ name: `p-${port}`, port, protocol: 'TCP' }));
  const slice = (addressType: 'IPv4' | 'IPv6', own: readonly string[]): string =>
    document({
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        namespace: SERVICE.namespace,
        name: `${SERVICE.name}-${addressType.toLowerCase()}`,
        labels: { 'kubernetes.io/service-name': SERVICE.name },
      },
      addressType,
      ports,
      endpoints: own.map((ip) => ({ addresses: [ip], conditions: { ready: true } })),
    });
  return [
    slice(
      'IPv4',
      addresses.filter((ip) => !ip.includes(':')),
    ),
    slice(
      'IPv6',
      addresses.filter((ip) => ip.includes(':')),
    ),
  ].join('---\n');
}

/** A resource of networking.istio.io in namespace default. */
export function istioResource(
  kind: 'Gateway' | 'VirtualService' | 'DestinationRule',
  name: string,
  spec: Readonly<Record<string, unknown>>,
): string {
  return document({ apiVersion: 'networking.istio.io/v1', kind, metadata: { namespace: 'default', name }, spec });
}

function document(object: Readonly<Record<string, unknown>>): string {
  return `${JSON.stringify(object, null, 1)}\n`;
}
