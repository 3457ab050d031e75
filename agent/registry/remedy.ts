import { familyOf } from '../model/address.ts';
import type { FlowFacts } from '../model/flow.ts';
import type { Hostname } from '../model/hostname.ts';
import type { Deny } from '../model/verdict.ts';

/**
 * The ServiceEntry that would admit a refused flow, for its source's namespace alone; undefined where no resource could
 * (the source is unknown, the address is never dialled, the flow cannot be judged).
 */
export function remedyFor(facts: FlowFacts, deny: Deny, toName: Hostname | undefined): string | undefined {
  if (facts.source.kind === 'unknown') return undefined;
  if (deny.reason !== 'not-listed' && deny.reason !== 'protocol-mismatch') return undefined;
  const spoken = spokenOf(facts);
  const name = spoken.name ?? toName;
  const { ip, port } = facts.destination;
  if (!name && ip === undefined) return undefined;
  const number = spoken.port ?? port;
  const width = ip !== undefined && familyOf(ip) === 4 ? 32 : 128;
  const own = (name ?? String(ip)).replaceAll(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '');
  return [
    'apiVersion: networking.istio.io/v1',
    'kind: ServiceEntry',
    'metadata:',
    `  name: "${`${own}-${number}`.slice(0, 63)}"`,
    `  namespace: "${facts.source.workload.namespace}"`,
    'spec:',
    '  hosts:',
    `  - "${name ?? `${own}.address.invalid`}"`,
    ...(name ? [] : ['  addresses:', `  - "${ip}/${width}"`]),
    '  location: MESH_EXTERNAL',
    '  ports:',
    `  - number: ${number}`,
    `    name: ${spoken.protocol.toLowerCase()}-${number}`,
    `    protocol: ${spoken.protocol}`,
    `  resolution: ${name ? 'DNS' : 'NONE'}`,
    '  exportTo:',
    '  - "."',
    '',
  ].join('\n');
}

type Spoken = { readonly name: Hostname | undefined; readonly port: number | undefined; readonly protocol: string };

function spokenOf({ evidence }: FlowFacts): Spoken {
  switch (evidence.kind) {
    case 'http': {
      const { authority } = evidence.request;
      const name = authority?.host.kind === 'name' ? authority.host.name : undefined;
      return { name, port: authority?.port, protocol: 'HTTP' };
    }
    case 'tls':
      return { name: evidence.serverName, port: undefined, protocol: 'TLS' };
    case 'tls-ech':
      return { name: evidence.outerName, port: undefined, protocol: 'TLS' };
    case 'http2':
    case 'open':
    case 'opaque':
    case 'silent':
      return { name: undefined, port: undefined, protocol: 'TCP' };
  }
}
