import type { z } from 'zod';
import { type HostPattern, parseHostPattern } from '../../model/hostname.ts';
import { isLabel } from '../../model/kube-name.ts';
import type { GatewayServer } from '../../registry/gateway-servers.ts';
import {
  complaint,
  listOf,
  mapOf,
  objectOf,
  oneOf,
  parsedText,
  portNumber,
  textField,
  trueOrFalse,
  UNREAD,
} from '../expect.ts';
import { suggestion } from '../spelling.ts';
import { portName } from './port-name.ts';

// networking.istio.io Gateway, one schema for v1, v1beta1 and v1alpha3: what holds for each field by itself. Rules
// between fields stand in gateway-rules.ts.

export type GatewaySpec = z.output<typeof GATEWAY_SPEC>;
export type ServerSpec = z.output<typeof SERVER>;

export type WrittenServerHost = {
  /** `*`, `.` or a name; undefined where none was written. */
  readonly namespace: string | undefined;
  readonly pattern: HostPattern | 'any';
};

/** `word` as Istio writes it. */
type ServerProtocol = { readonly word: string; readonly served: GatewayServer['protocol'] };

const PROTOCOLS: ReadonlyMap<string, GatewayServer['protocol']> = new Map([
  ['HTTP', 'http'],
  ['HTTP2', 'http'],
  ['GRPC', 'http'],
  ['GRPC-WEB', 'http'],
  ['HTTPS', 'tls'],
  ['TLS', 'tls'],
  ['TCP', 'tcp'],
  ['MONGO', 'tcp'],
]);

const PROTOCOL = `a protocol: ${[...PROTOCOLS.keys()].join(', ')}`;

const TLS_MODES = ['PASSTHROUGH', 'SIMPLE', 'MUTUAL', 'AUTO_PASSTHROUGH', 'ISTIO_MUTUAL', 'OPTIONAL_MUTUAL'] as const;

const SERVER_TLS = objectOf('TLS settings', {
  mode: oneOf(TLS_MODES.join(', '), TLS_MODES).optional(),
  httpsRedirect: trueOrFalse('whether HTTP is sent on to HTTPS').optional(),
  // For TLS that ends at the gateway, which is not opened.
  credentialName: UNREAD,
  credentialNames: UNREAD,
  serverCertificate: UNREAD,
  privateKey: UNREAD,
  caCertificates: UNREAD,
  caCertCredentialName: UNREAD,
  caCrl: UNREAD,
  tlsCertificates: UNREAD,
  subjectAltNames: UNREAD,
  verifyCertificateSpki: UNREAD,
  verifyCertificateHash: UNREAD,
  minProtocolVersion: UNREAD,
  maxProtocolVersion: UNREAD,
  cipherSuites: UNREAD,
});

const HOST = 'a DNS name, "*." and one, or "*"; before it, perhaps, a namespace, "." or "*" and "/"';

const SERVER = objectOf('a server with port and hosts', {
  port: objectOf('a port with number, name and protocol', {
    number: portNumber('the port'),
    name: portName,
    /** Compared without regard to case, as Istio does. */
    protocol: parsedText(PROTOCOL, protocolOf),
    targetPort: UNREAD,
  }),
  hosts: listOf('a list of at least one host', parsedText(HOST, serverHost), { min: 1, max: 65_536 }),
  tls: SERVER_TLS.optional(),
  bind: textField('an address or a socket').optional(),
  name: textField('the name of the server').optional(),
  defaultEndpoint: UNREAD,
});

export const GATEWAY_SPEC = objectOf('the spec of a Gateway', {
  selector: mapOf('labels', textField('the value of a label')).optional(),
  servers: listOf('a list of at least one server', SERVER, { min: 1, max: 65_536 }),
});

function protocolOf(text: string): { value: ServerProtocol } | string {
  const word = text.toUpperCase();
  const served = PROTOCOLS.get(word);
  return served ? { value: { word, served } } : `${complaint(PROTOCOL, text)}${suggestion(word, PROTOCOLS.keys())}`;
}

function serverHost(text: string): { value: WrittenServerHost } | undefined {
  const slash = text.indexOf('/');
  const namespace = slash === -1 ? undefined : text.slice(0, slash);
  if (namespace !== undefined && namespace !== '*' && namespace !== '.' && !isLabel(namespace)) return undefined;
  const name = text.slice(slash + 1);
  const pattern = name === '*' ? 'any' : parseHostPattern(name);
  return pattern && { value: { namespace, pattern } };
}
