import { type IpAddress, parseIp } from '../../../../agent/model/address.ts';
import { type Cidr, parseCidr } from '../../../../agent/model/cidr.ts';
import type { Evidence } from '../../../../agent/model/evidence.ts';
import type { FlowFacts } from '../../../../agent/model/flow.ts';
import { type Hostname, parseAuthority, parseHostname, parseHostPattern } from '../../../../agent/model/hostname.ts';
import { type Port, portOf } from '../../../../agent/model/port.ts';
import type { Answers } from '../../../../agent/model/verdict.ts';
import { compile, EMPTY_RESOURCES, type Registry } from '../../../../agent/registry/compile.ts';
import type { Grant, GrantEndpoint, GrantPort, Mode, Reach } from '../../../../agent/registry/model.ts';

/** A grant as a person would say it. Ports: `80 http`, `443 tls 8443` with the port dialled behind. */
export type Said = {
  readonly name?: string;
  readonly namespace?: string;
  readonly to?: 'all' | readonly string[];
  readonly hosts: readonly string[];
  readonly addresses?: readonly string[];
  readonly ports: readonly string[];
  /** Endpoints are addresses or names, with `:PORT` for one of their own. */
  readonly reach?: 'original' | 'resolve' | readonly string[];
  readonly createdAt?: number;
};

export function grant(said: Said): Grant {
  const { name = 'rule', namespace = 'shop', to = 'all', reach = 'resolve', addresses = [] } = said;
  return {
    ref: { kind: 'ServiceEntry', namespace, name },
    visibleTo: to === 'all' ? 'all' : new Set(to),
    hosts: said.hosts.map((each) => must(parseHostPattern(each), each)),
    addresses: addresses.map(cidr),
    ports: said.ports.map(grantPort),
    reach: reachOf(reach),
    createdAt: said.createdAt,
  };
}

export function registryOf(grants: readonly Said[], mode?: Mode): Registry {
  const set = mode && { value: mode, ref: { kind: 'ConfigMap', namespace: 'istio-system', name: 'istio' } };
  return compile({ ...EMPTY_RESOURCES, mode: set, grants: grants.map(grant) }, 1);
}

/** `to`: `203.0.113.1:80`; `:80` for an address that is not known. */
export function flow(to: string, evidence: Evidence, answers?: Answers, namespace = 'shop'): FlowFacts {
  const colon = to.lastIndexOf(':');
  const host = to.slice(0, colon).replaceAll(/[[\]]/g, '');
  return {
    source: { kind: 'workload', workload: workload(namespace) },
    destination: { ip: host === '' ? undefined : ip(host), port: port(Number(to.slice(colon + 1))) },
    evidence,
    answers,
  };
}

export function workload(namespace: string) {
  return { namespace, name: 'web-0', serviceAccount: 'default', labels: {}, ips: [] };
}

/** A request to this Host, as written; undefined: without one. */
export function http(host: string | undefined): Evidence {
  const authority = host === undefined ? undefined : must(parseAuthority(host), host);
  return { kind: 'http', request: { method: 'GET', authority, target: '/', headers: [] } };
}

/** `GET api.test/path?a=1`, `GET /path` without Host; each header `name: value`. */
export function request(line: string, ...headers: readonly string[]): Evidence {
  const [, method = '', host = '', target] = must(/^(\S+) ([^/]*)(\/.*|)$/.exec(line) ?? undefined, line);
  const authority = host === '' ? undefined : must(parseAuthority(host), host);
  const pairs = headers.map((each) => {
    const [name = '', value = ''] = each.split(': ');
    return [name, value] as const;
  });
  return {
    kind: 'http',
    request: { method, authority, target: target === '' ? '/' : (target ?? '/'), headers: pairs },
  };
}

export function tls(name: string | undefined): Evidence {
  return { kind: 'tls', serverName: name === undefined ? undefined : hostname(name), alpn: [] };
}

export function ech(name: string | undefined): Evidence {
  return { kind: 'tls-ech', outerName: name === undefined ? undefined : hostname(name), alpn: [] };
}

export const OPEN: Evidence = { kind: 'open' };
export const OPAQUE: Evidence = { kind: 'opaque' };
export const SILENT: Evidence = { kind: 'silent' };
export const HTTP2: Evidence = { kind: 'http2' };
export const MESH = { kind: 'mesh' } as const;

/** `resolved({ 'a.test': ['203.0.113.1'] })` */
export function resolved(byName: Readonly<Record<string, readonly string[]>>): Answers {
  const entries = Object.entries(byName).map(([name, ips]) => [hostname(name), ips.map(ip)] as const);
  return { kind: 'resolved', byName: new Map(entries) };
}

export function assumed(name: string | null): Answers {
  return { kind: 'assumed', name: name === null ? null : hostname(name) };
}

export function hostname(text: string): Hostname {
  return must(parseHostname(text), text);
}

export function ip(text: string): IpAddress {
  return must(parseIp(text), text);
}

export function port(value: number): Port {
  return must(portOf(value), String(value));
}

export function cidr(text: string): Cidr {
  return must(parseCidr(text), text);
}

function must<T>(value: T | undefined, text: string): T {
  if (value === undefined) throw new TypeError(`the test itself is wrong: ${text}`);
  return value;
}

function grantPort(text: string): GrantPort {
  const [number = '', protocol, target = number] = text.split(' ');
  if (protocol !== 'http' && protocol !== 'tls' && protocol !== 'tcp') throw new TypeError(`no protocol: ${text}`);
  return { number: port(Number(number)), name: `${protocol}-${number}`, protocol, targetPort: port(Number(target)) };
}

function reachOf(reach: NonNullable<Said['reach']>): Reach {
  if (reach === 'original' || reach === 'resolve') return { kind: reach };
  return { kind: 'endpoints', endpoints: reach.map(endpointOf) };
}

/** A port of its own counts for every port that a row can name. */
function endpointOf(text: string): GrantEndpoint {
  const [address = '', own] = parseIp(text) ? [text] : text.split(':');
  const numbered = own === undefined ? [] : PORT_NAMES.map((name) => [name, port(Number(own))] as const);
  const at = parseIp(address);
  return {
    address: at ? { kind: 'ip', ip: at } : { kind: 'name', name: hostname(address) },
    ports: new Map(numbered),
    weight: 1,
  };
}

const PORT_NAMES = ['http-80', 'tls-443', 'tcp-3306'];
