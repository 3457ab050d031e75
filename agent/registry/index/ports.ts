import type { HostPattern } from '../../model/hostname.ts';
import type { Grant, GrantPort } from '../model.ts';
import type { Visibility } from '../visibility.ts';
import { addCidr, type CidrIndex, cidrIndex } from './cidrs.ts';
import { addHost, type HostIndex, hostIndex } from './hosts.ts';

/** One grant at one of its ports, by one of its hosts. */
export type Entry = { readonly grant: Grant; readonly port: GrantPort; readonly host: HostPattern };

/** All grants of one port number, by what they are matched with. */
export type PortIndex = {
  readonly http: HostIndex<Entry>;
  readonly tls: HostIndex<Entry>;
  /** By the grant's addresses: what a flow without a usable name can match. TLS always goes by its name. */
  readonly addresses: { readonly http: CidrIndex<Entry>; readonly tcp: CidrIndex<Entry> };
  /** Protocol tcp without addresses: matched by port alone. */
  readonly portOnly: Entry[];
  readonly httpRules: Audience;
  readonly tlsRules: Audience;
  /** Those whose flows to a listed host are steered or refused by its name (steered.ts). */
  readonly steered: Audience;
};

/** The namespaces that see at least one of a group of grants. */
export type Audience = { all: boolean; readonly namespaces: Set<string> };

export function portIndex(): PortIndex {
  return {
    http: hostIndex(),
    tls: hostIndex(),
    addresses: { http: cidrIndex(), tcp: cidrIndex() },
    portOnly: [],
    httpRules: { all: false, namespaces: new Set() },
    tlsRules: { all: false, namespaces: new Set() },
    steered: { all: false, namespaces: new Set() },
  };
}

export function addToPort(index: PortIndex, grant: Grant, port: GrantPort): void {
  const [first] = grant.hosts;
  if (!first) return; // the dialects refuse a grant without hosts
  if (port.protocol !== 'tls') {
    for (const cidr of grant.addresses) addCidr(index.addresses[port.protocol], cidr, { grant, port, host: first });
  }
  if (port.protocol === 'tcp') {
    if (grant.addresses.length === 0) for (const host of grant.hosts) index.portOnly.push({ grant, port, host });
    return;
  }
  widen(port.protocol === 'http' ? index.httpRules : index.tlsRules, grant.visibleTo);
  const hosts = port.protocol === 'http' ? index.http : index.tls;
  for (const host of grant.hosts) addHost(hosts, host, { grant, port, host });
}

export function seesAny(audience: Audience, namespace: string): boolean {
  return audience.all || audience.namespaces.has(namespace);
}

export function widen(audience: Audience, visibleTo: Visibility): void {
  if (visibleTo === 'all') audience.all = true;
  else for (const namespace of visibleTo) audience.namespaces.add(namespace);
}
