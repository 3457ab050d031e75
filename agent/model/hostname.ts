import { type IpAddress, parseIp } from './address.ts';
import { type Port, parsePort } from './port.ts';

declare const hostname: unique symbol;

/** A DNS name as every rule compares it: lower case, without the root's dot, A-labels only (RFC 5890). */
export type Hostname = string & { readonly [hostname]: true };

/**
 * RFC 1035 §2.3.4 lengths; letters, digits, hyphen and underscore. What looks like an IPv4 address to any resolver
 * (an all-numeric or 0x last label, WHATWG URL "ends in a number") is no name.
 */
export function parseHostname(text: string): Hostname | undefined {
  if (/[^ -~]/.test(text)) return undefined; // before lower case, which would make ASCII of some others (U+212A)
  const name = (text.endsWith('.') ? text.slice(0, -1) : text).toLowerCase();
  if (name.length === 0 || name.length > 253) return undefined;
  const labels = name.split('.');
  if (!labels.every((label) => /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/.test(label))) return undefined;
  return /^([0-9]+|0x[0-9a-f]*)$/.test(labels.at(-1) ?? '') ? undefined : (name as Hostname);
}

/** A host of a rule. `suffix` stands for `*.name`: any depth below the name, not the name itself. */
export type HostPattern = { readonly kind: 'exact' | 'suffix'; readonly name: Hostname };

export function parseHostPattern(text: string): HostPattern | undefined {
  const wild = text.startsWith('*.');
  const name = parseHostname(wild ? text.slice(2) : text);
  return name && { kind: wild ? 'suffix' : 'exact', name };
}

export function patternText(pattern: HostPattern): string {
  return pattern.kind === 'suffix' ? `*.${pattern.name}` : pattern.name;
}

export function hostMatches(pattern: HostPattern, name: Hostname): boolean {
  return pattern.kind === 'exact' ? pattern.name === name : name.endsWith(`.${pattern.name}`);
}

/** What a Host header or an authority names; `port` is absent where none was written. */
export type Authority = {
  readonly host: { readonly kind: 'name'; readonly name: Hostname } | { readonly kind: 'ip'; readonly ip: IpAddress };
  readonly port: Port | undefined;
};

/** RFC 3986 §3.2.2 host and port, without userinfo; undefined for what names nothing. */
export function parseAuthority(text: string): Authority | undefined {
  const parts = /^(\[[0-9A-Fa-f:.]+\]|[^:[\]]+)(?::([0-9]*))?$/.exec(text);
  const [, host, digits] = parts ?? [];
  if (host === undefined) return undefined;
  const port = digits === undefined || digits === '' ? undefined : parsePort(digits);
  if (digits !== undefined && digits !== '' && port === undefined) return undefined;
  if (host.startsWith('[')) {
    const ip = host.includes('.') && !host.includes(':') ? undefined : parseIp(host.slice(1, -1));
    return ip && { host: { kind: 'ip', ip }, port };
  }
  const ip = parseIp(host);
  if (ip) return { host: { kind: 'ip', ip }, port };
  const name = parseHostname(host);
  return name && { host: { kind: 'name', name }, port };
}
