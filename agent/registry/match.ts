import type { IpAddress } from '../model/address.ts';
import { cidrContains } from '../model/cidr.ts';
import { fieldValue, type RequestFacts } from '../model/evidence.ts';
import { type Authority, type Hostname, hostMatches } from '../model/hostname.ts';
import type { Port } from '../model/port.ts';
import type { Attribute } from '../model/verdict.ts';
import type { Source } from '../model/workload.ts';
import { selects } from './index/listeners.ts';
import { pathOf, queryOf } from './path.ts';
import type { GatewayKey, HttpMatch, NamedMatch, SourceMatch, TcpMatch, TextMatch, TlsMatch } from './route-table.ts';

/** What of a flow is known before it says anything. */
export type Standing = { readonly gateway: GatewayKey; readonly port: Port; readonly source: Source };

/** Whether a route is there at all for such a flow; `unknown`: it asks for labels, and those of the source nobody tells. */
export function standsFor(match: SourceMatch, standing: Standing): boolean | 'unknown' {
  const { gateways, port, sourceNamespace, sourceLabels } = match;
  if (!gateways.includes(standing.gateway)) return false;
  if (port !== undefined && port !== standing.port) return false;
  const workload = standing.source.kind === 'workload' ? standing.source.workload : undefined;
  if (sourceNamespace !== undefined && sourceNamespace !== workload?.namespace) return false;
  if (workload && workload.labels === undefined && Object.keys(sourceLabels).length > 0) return 'unknown';
  return selects(sourceLabels, workload?.labels ?? {});
}

/** A request as routes look at it. `path` may be another reading of the target's. */
export type AskedRequest = Pick<RequestFacts, 'method' | 'headers' | 'target' | 'authority'> & {
  readonly path: string;
};

export function askedRequest(request: RequestFacts): AskedRequest {
  const { method, headers, target, authority } = request;
  return { method, headers, target, authority, path: pathOf(target) };
}

/** All that is given must match. `looked` learns what was looked at, also if it did not match. */
export function httpMatches(match: HttpMatch, request: AskedRequest, looked: Set<Attribute>): boolean {
  return (
    seen(match.uri, looked, 'http-path', (uri) =>
      textMatches(uri, match.ignoreUriCase ? request.path.toLowerCase() : request.path),
    ) &&
    seen(match.method, looked, 'http-method', (method) => textMatches(method, request.method)) &&
    seen(match.authority, looked, 'http-host', (host) => textMatches(host, authorityText(request.authority))) &&
    (match.scheme === undefined || textMatches(match.scheme, 'http')) &&
    match.headers.every((each) => headerMatches(each, request, looked)) &&
    !match.withoutHeaders.some((each) => headerMatches(each, request, looked)) &&
    match.queryParams.every((each) => parameterMatches(each, request, looked))
  );
}

function seen<T>(
  wanted: T | undefined,
  looked: Set<Attribute>,
  attribute: Attribute,
  matches: (wanted: T) => boolean,
): boolean {
  if (wanted === undefined) return true;
  looked.add(attribute);
  return matches(wanted);
}

function headerMatches({ name, value }: NamedMatch, { headers }: AskedRequest, looked: Set<Attribute>): boolean {
  looked.add('http-headers');
  const found = fieldValue(headers, name);
  return found !== undefined && (value === undefined || textMatches(value, found));
}

/** The first value of a parameter, as servers take it. */
function parameterMatches({ name, value }: NamedMatch, { target }: AskedRequest, looked: Set<Attribute>): boolean {
  looked.add('http-path');
  const found = new URLSearchParams(queryOf(target)).get(name);
  return found !== null && (value === undefined || textMatches(value, found));
}

function textMatches(match: TextMatch, text: string): boolean {
  switch (match.kind) {
    case 'exact':
      return text === match.text;
    case 'prefix':
      return text.startsWith(match.text);
    case 'regex':
      return match.matches(text);
  }
}

/** In the normalised form: lower case, no trailing dot, the port only if one was sent. */
function authorityText(authority: Authority | undefined): string {
  if (!authority) return '';
  const { host, port } = authority;
  const text = host.kind === 'name' ? host.name : host.ip.includes(':') ? `[${host.ip}]` : host.ip;
  return port === undefined ? text : `${text}:${port}`;
}

export function tcpMatches({ destinationSubnets }: TcpMatch, ip: IpAddress | undefined): boolean {
  if (destinationSubnets.length === 0) return true;
  return ip !== undefined && destinationSubnets.some((cidr) => cidrContains(cidr, ip));
}

export function tlsMatches(match: TlsMatch, name: Hostname | undefined, ip: IpAddress | undefined): boolean {
  const named = match.sniHosts.some((host) => host === 'any' || (name !== undefined && hostMatches(host, name)));
  return named && tcpMatches(match, ip);
}
