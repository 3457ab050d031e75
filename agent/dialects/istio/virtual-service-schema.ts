import type { z } from 'zod';
import { parseCidr } from '../../model/cidr.ts';
import { isLabel, isSubdomain } from '../../model/kube-name.ts';
import {
  listOf,
  mapOf,
  objectOf,
  parsedText,
  portNumber,
  textField,
  trueOrFalse,
  UNREAD,
  wholeNumber,
} from '../expect.ts';
import { EXPORT_TO } from './export-to.ts';
import { hostOrAny, nameOfHost } from './host.ts';
import { STRING_MATCH, STRING_MATCH_OR_PRESENCE } from './string-match.ts';

// networking.istio.io VirtualService, one schema for v1, v1beta1 and v1alpha3: what holds for each field by itself. Rules
// between fields stand in virtual-service-rules.ts.

export type VirtualServiceSpec = z.output<typeof VIRTUAL_SERVICE_SPEC>;
export type HttpRouteSpec = z.output<typeof HTTP_ROUTE>;
export type HttpMatchSpec = z.output<typeof HTTP_MATCH>;
export type TlsMatchSpec = z.output<typeof TLS_MATCH>;
export type TcpMatchSpec = z.output<typeof TCP_MATCH>;
export type DestinationSpec = z.output<typeof ROUTE_DESTINATION>;
/** What every match may say. */
export type SourceSpec = Pick<TcpMatchSpec, 'gateways' | 'port' | 'sourceNamespace' | 'sourceLabels'>;

/** Istio sets no limit; a resource of an API server has at most 1.5 MB. */
const ANY_NUMBER = { min: 0, max: 65_536 };
const SOME = { min: 1, max: 65_536 };

const GATEWAYS = listOf(
  'a list of gateways',
  parsedText('"mesh", the NAME of a Gateway or its NAMESPACE/NAME', gatewayText),
  ANY_NUMBER,
).optional();

const SOURCE = {
  gateways: GATEWAYS,
  port: portNumber('the port').optional(),
  sourceNamespace: parsedText('a namespace', (text) => (isLabel(text) ? { value: text } : undefined)).optional(),
  sourceLabels: mapOf('labels', textField('the value of a label')).optional(),
};

const CONDITIONS = mapOf('conditions by name', STRING_MATCH_OR_PRESENCE).optional();

const HTTP_MATCH = objectOf('a match', {
  ...SOURCE,
  name: textField('the name of the match').optional(),
  uri: STRING_MATCH.optional(),
  ignoreUriCase: trueOrFalse('whether case counts in the path').optional(),
  scheme: STRING_MATCH.optional(),
  method: STRING_MATCH.optional(),
  authority: STRING_MATCH.optional(),
  headers: CONDITIONS,
  withoutHeaders: CONDITIONS,
  queryParams: CONDITIONS,
  /** A name for Envoy's own statistics. */
  statPrefix: UNREAD,
});

const TCP_MATCH = objectOf('a match', {
  ...SOURCE,
  destinationSubnets: listOf(
    'a list of IP addresses or CIDRs',
    parsedText('an IP address or a CIDR', subnet),
    ANY_NUMBER,
  ).optional(),
  sourceSubnet: UNREAD,
});

const TLS_MATCH = objectOf('a match with sniHosts', {
  ...TCP_MATCH.shape,
  sniHosts: listOf('a list of at least one host name', hostOrAny, SOME),
});

const ROUTE_DESTINATION = objectOf('a destination', {
  destination: objectOf('a destination with host', {
    host: nameOfHost,
    subset: textField('the name of a subset').optional(),
    port: objectOf('a port with number', { number: portNumber('the port') }).optional(),
  }),
  weight: wholeNumber('a weight').optional(),
});

const HTTP_DESTINATION = objectOf('a destination', { ...ROUTE_DESTINATION.shape, headers: UNREAD });

const HTTP_ROUTE = objectOf('a route', {
  name: textField('the name of the route').optional(),
  match: listOf('a list of matches', HTTP_MATCH, ANY_NUMBER).optional(),
  route: listOf('a list of destinations', HTTP_DESTINATION, ANY_NUMBER).optional(),
  redirect: objectOf('a redirect', {
    uri: UNREAD,
    prefixRewrite: UNREAD,
    authority: UNREAD,
    scheme: UNREAD,
    port: UNREAD,
    derivePort: UNREAD,
    redirectCode: UNREAD,
  }).optional(),
  directResponse: objectOf('a response', { status: UNREAD, body: UNREAD }).optional(),
  delegate: objectOf('a delegate', { name: UNREAD, namespace: UNREAD }).optional(),
  rewrite: objectOf('a rewrite', { uri: UNREAD, authority: UNREAD, uriRegexRewrite: UNREAD }).optional(),
  timeout: UNREAD,
  retries: UNREAD,
  fault: UNREAD,
  mirror: UNREAD,
  mirrors: UNREAD,
  mirrorPercentage: UNREAD,
  mirrorPercent: UNREAD,
  /** The one name that Istio's CRD has in snake_case too. */
  mirror_percent: UNREAD,
  corsPolicy: UNREAD,
  headers: UNREAD,
});

const TLS_ROUTE = objectOf('a route', {
  match: listOf('a list of at least one match', TLS_MATCH, SOME),
  route: listOf('a list of at least one destination', ROUTE_DESTINATION, SOME),
});

const TCP_ROUTE = objectOf('a route', {
  match: listOf('a list of matches', TCP_MATCH, ANY_NUMBER).optional(),
  route: listOf('a list of at least one destination', ROUTE_DESTINATION, SOME),
});

export const VIRTUAL_SERVICE_SPEC = objectOf('the spec of a VirtualService', {
  hosts: listOf('a list of at least one host name', hostOrAny, SOME),
  gateways: GATEWAYS,
  http: listOf('a list of HTTP routes', HTTP_ROUTE, ANY_NUMBER).optional(),
  tls: listOf('a list of TLS routes', TLS_ROUTE, ANY_NUMBER).optional(),
  tcp: listOf('a list of TCP routes', TCP_ROUTE, ANY_NUMBER).optional(),
  exportTo: EXPORT_TO.optional(),
});

function gatewayText(text: string): { value: string } | undefined {
  const [first = '', second, ...more] = text.split('/');
  if (more.length > 0) return undefined;
  const sound = second === undefined ? isSubdomain(first) : isLabel(first) && isSubdomain(second);
  return sound ? { value: text } : undefined;
}

function subnet(text: string) {
  const value = parseCidr(text);
  return value && { value };
}
