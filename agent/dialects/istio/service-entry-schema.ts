import type { z } from 'zod';
import { type IpAddress, parseIp } from '../../model/address.ts';
import { type Cidr, parseCidr } from '../../model/cidr.ts';
import { type Hostname, type HostPattern, parseHostname, parseHostPattern } from '../../model/hostname.ts';
import type { GrantProtocol } from '../../registry/model.ts';
import {
  complaint,
  listOf,
  mapOf,
  objectOf,
  oneOf,
  parsedText,
  portNumber,
  textField,
  wholeNumber,
} from '../expect.ts';
import { suggestion } from '../spelling.ts';
import { EXPORT_TO } from './export-to.ts';
import { portName } from './port-name.ts';

// networking.istio.io ServiceEntry, one schema for v1, v1beta1 and v1alpha3: what holds for each field by itself. Limits
// are those of Istio's CRD. Rules between fields stand in service-entry-rules.ts.

export type ServiceEntrySpec = z.output<typeof SERVICE_ENTRY_SPEC>;
export type ServicePort = z.output<typeof SERVICE_PORT>;
export type WorkloadEndpoint = z.output<typeof ENDPOINT>;

/** Where an endpoint is. A socket's path is understood so that its refusal can say so. */
export type EndpointAddress =
  | { readonly kind: 'ip'; readonly ip: IpAddress }
  | { readonly kind: 'name'; readonly name: Hostname };

const PROTOCOLS: ReadonlyMap<string, GrantProtocol> = new Map([
  ['HTTP', 'http'],
  ['HTTP2', 'http'],
  ['GRPC', 'http'],
  ['GRPC-WEB', 'http'],
  ['HTTP_PROXY', 'http'],
  ['HTTPS', 'tls'],
  ['TLS', 'tls'],
  ['TCP', 'tcp'],
  ['MONGO', 'tcp'],
  ['MYSQL', 'tcp'],
  ['REDIS', 'tcp'],
]);

const SERVICE_PORT = objectOf('a port with number, name and protocol', {
  number: portNumber('the port'),
  name: portName,
  /** Compared without regard to case, as Istio does. */
  protocol: parsedText(`a protocol: ${[...PROTOCOLS.keys()].join(', ')}`, protocolOf).optional(),
  targetPort: portNumber('the port dialled').optional(),
});

const ENDPOINT = objectOf('an endpoint', {
  address: parsedText('an IP address or a DNS name', endpointAddress).optional(),
  ports: mapOf('ports by the name that they have in spec.ports', portNumber('the port dialled')).optional(),
  labels: mapOf('labels', textField('the value of a label')).optional(),
  network: textField('the name of a network').optional(),
  locality: textField('a locality').optional(),
  weight: wholeNumber('a weight').optional(),
  serviceAccount: textField('a service account').optional(),
});

export const SERVICE_ENTRY_SPEC = objectOf('the spec of a ServiceEntry', {
  hosts: listOf('a list of 1 to 256 host names', parsedText('a DNS name, or "*." and one', hostPattern), {
    min: 1,
    max: 256,
  }),
  addresses: listOf('a list of at most 256 addresses', parsedText('an IP address or a CIDR', addressRange), {
    min: 0,
    max: 256,
  }).optional(),
  ports: listOf('a list of at most 256 ports', SERVICE_PORT, { min: 0, max: 256 }).optional(),
  location: oneOf('MESH_EXTERNAL or MESH_INTERNAL', ['MESH_EXTERNAL', 'MESH_INTERNAL']).optional(),
  resolution: oneOf('NONE, STATIC, DNS or DNS_ROUND_ROBIN', [
    'NONE',
    'STATIC',
    'DNS',
    'DNS_ROUND_ROBIN',
    'DYNAMIC_DNS',
  ]).optional(),
  endpoints: listOf('a list of at most 4096 endpoints', ENDPOINT, { min: 0, max: 4096 }).optional(),
  workloadSelector: objectOf('a workload selector', {
    labels: mapOf('labels', textField('the value of a label')).optional(),
  }).optional(),
  exportTo: EXPORT_TO.optional(),
  subjectAltNames: listOf('a list of names', textField('a subject alternative name'), { min: 0, max: 4096 }).optional(),
});

function protocolOf(text: string): { value: GrantProtocol } | string | undefined {
  const word = text.toUpperCase();
  const value = PROTOCOLS.get(word);
  if (value) return { value };
  if (word === 'UDP') return 'UDP is not supported: only TCP is captured; expected a protocol on TCP';
  return `${complaint(`a protocol (${[...PROTOCOLS.keys()].join(', ')})`, text)}${suggestion(word, PROTOCOLS.keys())}`;
}

function hostPattern(text: string): { value: HostPattern } | string | undefined {
  const value = parseHostPattern(text);
  if (value) return { value };
  const seen = complaint('a DNS name, or "*." and one', text);
  if (text === '*') return `${seen}: a ServiceEntry for every host is not allowed`;
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return `${seen}; write the name alone, without the scheme`;
  if (parseCidr(text)) return `${seen}; addresses belong into spec.addresses`;
  if (/^[^:]+:[0-9]+$/.test(text)) return `${seen}; the port belongs into spec.ports`;
  if (text.includes('*')) return `${seen}; "*" may only be the whole first label`;
  return /[^ -~]/.test(text) ? `${seen}; write it in its ASCII form (xn--…)` : undefined;
}

function addressRange(text: string): { value: { cidr: Cidr; ranged: boolean } } | string | undefined {
  const cidr = parseCidr(text);
  if (cidr) return { value: { cidr, ranged: text.includes('/') } };
  return parseHostname(text)
    ? `${complaint('an IP address or a CIDR', text)}; names belong into spec.hosts`
    : undefined;
}

function endpointAddress(text: string): { value: EndpointAddress } | string | undefined {
  if (text.startsWith('unix://'))
    return 'a UNIX socket is not supported: it would lie in the pod; expected an IP address or a DNS name';
  const ip = parseIp(text);
  if (ip) return { value: { kind: 'ip', ip } };
  const name = parseHostname(text);
  return name && { value: { kind: 'name', name } };
}
