import type { Agent } from './agent.ts';
import { type Lab, type LabOptions, makeLab, type StartAgent } from './lab.ts';

export type Captured = { readonly lab: Lab; readonly agent: Agent };

/** A lab whose pods are captured: the agent holds the listeners, weir-init has programmed each pod's rules. */
export async function capturedLab(options: LabOptions & StartAgent = {}): Promise<Captured> {
  const lab = await makeLab(options);
  try {
    const agent = await lab.startAgent(options);
    for (const pod of options.pods ?? ['pod']) await lab.applyInit([], pod);
    return { lab, agent };
  } catch (thrown) {
    await lab.close();
    throw thrown;
  }
}

/** Mesh config with this mode, as a resource file. */
export function meshMode(mode: 'ALLOW_ANY' | 'REGISTRY_ONLY'): string {
  return [
    'apiVersion: v1',
    'kind: ConfigMap',
    'metadata: { name: istio, namespace: istio-system }',
    'data:',
    '  mesh: |',
    '    outboundTrafficPolicy:',
    `      mode: ${mode}`,
    '',
  ].join('\n');
}

export type EntryText = {
  readonly name?: string;
  readonly version?: 'v1' | 'v1beta1' | 'v1alpha3';
  readonly namespace?: string;
  readonly hosts: readonly string[];
  readonly ports: readonly (readonly [number: number, protocol: string])[];
  readonly resolution?: 'NONE' | 'STATIC' | 'DNS' | 'DNS_ROUND_ROBIN';
  readonly addresses?: readonly string[];
  readonly endpoints?: readonly string[];
  readonly exportTo?: readonly string[];
};

/** A ServiceEntry as a resource file. JSON is YAML, so the lists are written as JSON. */
export function serviceEntry(entry: EntryText): string {
  const { hosts, ports, resolution = 'DNS', version = 'v1', namespace = 'default' } = entry;
  return [
    `apiVersion: networking.istio.io/${version}`,
    'kind: ServiceEntry',
    `metadata: { name: "${entry.name ?? hosts[0]?.replace('*', 'any')}", namespace: ${namespace} }`,
    'spec:',
    `  hosts: ${JSON.stringify(hosts)}`,
    ...(entry.addresses ? [`  addresses: ${JSON.stringify(entry.addresses)}`] : []),
    '  location: MESH_EXTERNAL',
    '  ports:',
    ...ports.map(([number, protocol]) => `  - { number: ${number}, name: p-${number}, protocol: ${protocol} }`),
    `  resolution: ${resolution}`,
    ...(entry.endpoints ? ['  endpoints:', ...entry.endpoints.map((address) => `  - { address: "${address}" }`)] : []),
    ...(entry.exportTo ? [`  exportTo: ${JSON.stringify(entry.exportTo)}`] : []),
    '',
  ].join('\n');
}
