import { type Authority, parseAuthority } from '../model/hostname.ts';
import type { HttpVersion } from './http1-control.ts';
import type { Fault } from './http1-lines.ts';

/** Whom and what a request asks for (RFC 9112 §3.2, §3.3). */
export type Asked = {
  readonly kind: 'asked';
  /** undefined only for HTTP/1.0 in origin-form without Host. */
  readonly authority: Authority | undefined;
  /** Path and query as sent; `*` for OPTIONS of the whole server, empty for CONNECT. */
  readonly path: string;
};

/**
 * Target and Host together. Servers differ in which of the two they follow when both name a host, so that they must
 * name the same one (RFC 9112 §3.2.2 would let Host be ignored). A fragment is refused: some servers cut it off.
 */
export function readAsked(
  method: string,
  target: string,
  version: HttpVersion,
  hosts: readonly string[],
): Asked | Fault {
  if (hosts.length > 1) return bad('Host twice');
  const host = readHost(hosts[0], version);
  if (host && 'kind' in host) return host;
  if (target.includes('#')) return bad('a target with a fragment');
  if (method === 'CONNECT') return authorityForm(target, host);
  if (target.startsWith('/')) return { kind: 'asked', authority: host, path: target };
  if (target === '*')
    return method === 'OPTIONS' ? { kind: 'asked', authority: host, path: target } : bad('target * without OPTIONS');
  return absoluteForm(target, host);
}

function readHost(value: string | undefined, version: HttpVersion): Authority | undefined | Fault {
  if (value === undefined) return version === '1.1' ? bad('HTTP/1.1 without Host') : undefined;
  return parseAuthority(value) ?? bad('a Host that names no host');
}

/** RFC 9110 §9.3.6: host and port, nothing else. A Host without a port names the same host at no port of its own. */
function authorityForm(target: string, host: Authority | undefined): Asked | Fault {
  const authority = parseAuthority(target);
  if (authority?.port === undefined) return bad('CONNECT to what is not a host and a port');
  if (host && (hostText(host) !== hostText(authority) || (host.port ?? authority.port) !== authority.port))
    return bad('CONNECT to another host than Host');
  return { kind: 'asked', authority, path: '' };
}

function absoluteForm(target: string, host: Authority | undefined): Asked | Fault {
  const [, name, rest = ''] = /^http:\/\/([^/?]*)(.*)$/i.exec(target) ?? [];
  if (name === undefined) return bad('a target that is neither a path nor an http URI');
  const authority = parseAuthority(name);
  if (!authority) return bad('a target that names no host');
  if (host && (hostText(host) !== hostText(authority) || httpPort(host) !== httpPort(authority)))
    return bad('a target with another host than Host');
  return { kind: 'asked', authority, path: rest.startsWith('/') ? rest : `/${rest}` };
}

function hostText({ host }: Authority): string {
  return host.kind === 'name' ? host.name : host.ip;
}

function httpPort(authority: Authority): number {
  return authority.port ?? 80;
}

function bad(why: string): Fault {
  return { kind: 'bad', why };
}
