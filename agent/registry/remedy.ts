import { familyOf, type IpAddress } from '../model/address.ts';
import type { FlowFacts } from '../model/flow.ts';
import type { Hostname } from '../model/hostname.ts';
import type { Deny } from '../model/verdict.ts';
import { forbiddenToDial, type OwnPlace } from './may-dial.ts';

/**
 * The ServiceEntry that would admit a refused flow, for its source's namespace alone; undefined where no resource could
 * (the source is unknown, the address is never dialled).
 */
export function remedyFor(
  facts: FlowFacts,
  deny: Deny,
  toName: Hostname | undefined,
  own: OwnPlace,
): string | undefined {
  if (facts.source.kind !== 'workload' || !BY_LISTING.has(deny.reason)) return undefined;
  const { ip } = facts.destination;
  const { name, ports, protocol } = wantedBy(facts, toName);
  if (name === undefined && (ip === undefined || forbiddenToDial(ip, own) !== undefined)) return undefined;
  const what = label(name ?? ip ?? '', MOST_LABEL);
  const suffix = `-${protocol.toLowerCase()}-${ports.join('-')}`;
  return [
    'apiVersion: networking.istio.io/v1',
    'kind: ServiceEntry',
    'metadata:',
    `  name: "${label(what, MOST_LABEL - suffix.length)}${suffix}"`,
    `  namespace: "${facts.source.workload.namespace}"`,
    'spec:',
    '  hosts:',
    `  - "${name ?? `${what}.address.invalid`}"`,
    ...(name === undefined && ip !== undefined ? ['  addresses:', `  - "${hostPrefix(ip)}"`] : []),
    '  location: MESH_EXTERNAL',
    '  ports:',
    ...ports.flatMap((number) => [
      `  - number: ${number}`,
      `    name: ${protocol.toLowerCase()}-${number}`,
      `    protocol: ${protocol}`,
    ]),
    `  resolution: ${name === undefined ? 'NONE' : 'DNS'}`,
    '  exportTo:',
    '  - "."',
    '',
  ].join('\n');
}

/** What a grant would open; a route is for whoever wrote the VirtualService to mend. */
const BY_LISTING: ReadonlySet<Deny['reason']> = new Set(['not-listed', 'protocol-mismatch', 'http2-undecidable']);

type Wanted = {
  /** undefined: the address is all that can be listed. */
  readonly name: Hostname | undefined;
  readonly ports: readonly number[];
  readonly protocol: 'HTTP' | 'TLS' | 'TCP';
};

/** By the name that the flow showed; a flow without one can be listed only as TCP, whatever it spoke. */
function wantedBy({ evidence, destination }: FlowFacts, toName: Hostname | undefined): Wanted {
  const ports = [destination.port];
  switch (evidence.kind) {
    case 'http': {
      const { authority } = evidence.request;
      if (authority?.host.kind !== 'name') break;
      const asked = authority.port === undefined || authority.port === destination.port ? [] : [authority.port];
      return { name: authority.host.name, ports: [...ports, ...asked], protocol: 'HTTP' };
    }
    case 'tls':
      if (evidence.serverName === undefined) break;
      return { name: evidence.serverName, ports, protocol: 'TLS' };
    case 'tls-ech':
      if (evidence.outerName === undefined) break;
      return { name: evidence.outerName, ports, protocol: 'TLS' };
    case 'http2':
    case 'open':
    case 'opaque':
    case 'silent':
      break;
  }
  return { name: toName, ports, protocol: 'TCP' };
}

function hostPrefix(ip: IpAddress): string {
  return `${ip}/${familyOf(ip) === 4 ? 32 : 128}`;
}

/** RFC 1123 label. */
const MOST_LABEL = 63;

function label(text: string, most: number): string {
  return text
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, most)
    .replace(/-+$/, '');
}
