import { directoryOf, sourceAt, workloadNamed } from '../../../agent/identify/directory.ts';
import { type IpAddress, parseIp } from '../../../agent/model/address.ts';
import type { Evidence } from '../../../agent/model/evidence.ts';
import type { FlowFacts, Hop } from '../../../agent/model/flow.ts';
import { type Hostname, parseAuthority, parseHostname } from '../../../agent/model/hostname.ts';
import { type Problem, refText } from '../../../agent/model/resource.ts';
import type { Decision } from '../../../agent/model/verdict.ts';
import type { Source } from '../../../agent/model/workload.ts';
import { compile, type Registry } from '../../../agent/registry/compile.ts';
import { decide } from '../../../agent/registry/decide.ts';
import type { Explanation } from '../../../agent/registry/explain.ts';
import { explainHops, type HopsExplanation, type KnownPlaces } from '../../../agent/registry/explain-hops.ts';
import type { ResourceSet } from '../../../agent/registry/model.ts';
import { readDocuments } from '../../../agent/sources/documents.ts';
import { NOTHING_IN_FORCE, resourceSetOf, settle } from '../../../agent/sources/in-force.ts';
import { ORIGINS } from '../origins/fixtures.ts';
import { addressesOf, type Caller, CLUSTER_CIDRS, filled, ipsOf } from './places.ts';
import type { Facts } from './schema.ts';

/** What these files amount to, as `readFolder` would find them. */
export function loaded(files: Readonly<Record<string, string>>): {
  readonly set: ResourceSet;
  readonly errors: readonly Problem[];
} {
  const readings = Object.entries(files).map(([file, text]) => ({ file, documents: readDocuments(file, text) }));
  const { inForce, problems } = settle(NOTHING_IN_FORCE, readings);
  return { set: resourceSetOf(inForce), errors: problems.filter(({ severity }) => severity === 'error') };
}

export type Asked = {
  readonly hop: Hop;
  /** As the pipeline would have them: the address dialled, and every answer of DNS. */
  readonly facts: FlowFacts;
  /** What the agent, or the gateway that is asked, knows of its own place. */
  readonly known: KnownPlaces;
  readonly toName: Hostname | undefined;
};

export function asked(facts: Facts, caller: Caller, set: ResourceSet): Asked {
  const to = parseAuthority(filled(facts.to, caller));
  if (to?.port === undefined) throw new Error(`not HOST:PORT: ${facts.to}`);
  const { host, port } = to;
  const hop = hopOf(facts, caller);
  const name = host.kind === 'name' ? host.name : undefined;
  const ip = host.kind === 'ip' ? host.ip : ipOf(addressesOf(caller, host.name)[0]?.[caller.of] ?? '');
  const gateway = hop.kind === 'gateway';
  const own = gateway ? [] : ipsOf(caller, 'node');
  return {
    hop,
    toName: name,
    known: {
      addresses: new Set(own.map(ipOf)),
      clusterCidrs: CLUSTER_CIDRS,
      localEndpoints: mayDialLocally(facts, caller),
    },
    facts: {
      source: sourceOf(caller, set, gateway),
      ...(gateway ? { listener: port } : {}),
      destination: { ip: gateway ? undefined : ip, port },
      evidence: evidenceOf(facts),
      answers: { kind: 'resolved', byName: ANSWERS },
    },
  };
}

/** Beside a workload it is known by its namespace; a gateway that is called itself has only the address. */
function sourceOf(caller: Caller, { workloads }: ResourceSet, gateway: boolean): Source {
  const directory = directoryOf(workloads);
  const ip = ipOf(addressesOf(caller, 'client')[0]?.[caller.of] ?? '');
  if (gateway) return sourceAt(directory, ip, CLUSTER_CIDRS);
  const [namespace = '', name = ''] = caller.from.split('/');
  return { kind: 'workload', workload: workloadNamed(directory, namespace, name) };
}

export function hopOf({ hop }: Facts, { world }: Caller): Hop {
  const [namespace = '', name = ''] = world.gateways[hop]?.name.split('/') ?? [];
  return hop === 'mesh' ? { kind: 'mesh' } : { kind: 'gateway', namespace, name };
}

export function evidenceOf({ host, sni, method, path }: Omit<Facts, 'hop' | 'to'>): Evidence {
  if (sni !== undefined) return { kind: 'tls', serverName: parseHostname(sni), alpn: [] };
  if (host === undefined && method === undefined) return { kind: 'opaque' };
  const authority = host === undefined ? undefined : parseAuthority(host);
  return { kind: 'http', request: { method: method ?? 'GET', authority, target: path ?? '/', headers: [] } };
}

function ipOf(text: string): IpAddress {
  const ip = parseIp(text);
  if (!ip) throw new Error(`not an address: ${text}`);
  return ip;
}

const ANSWERS: ReadonlyMap<Hostname, readonly IpAddress[]> = new Map(
  ORIGINS.flatMap(({ names, addresses }) =>
    names.flatMap((text) => {
      const name = parseHostname(text);
      return name ? [[name, addresses.map((ip) => ipOf(ip))] as const] : [];
    }),
  ),
);

/** Every hop's answer. */
export function explained({ hop, facts, known, toName }: Asked, set: ResourceSet): HopsExplanation {
  return explainHops(set, hop, facts, known, toName);
}

/** The gateway that is called itself runs with the option. */
export function mayDialLocally({ hop }: Facts, { world }: Caller): boolean {
  return world.gateways[hop]?.args.includes('--allow-local-endpoints') ?? false;
}

/** The decision of the hop that is asked, now and with nothing read yet. */
export function decided({ hop, facts }: Asked, set: ResourceSet): { readonly now: Decision; readonly open: Decision } {
  const registry = registryOf(hop, set);
  return { now: decide(registry, hop, facts), open: decide(registry, hop, { ...facts, evidence: { kind: 'open' } }) };
}

/** A gateway's labels are those of its Pod. */
export function registryOf(hop: Hop, set: ResourceSet): Registry {
  return compile(set, 1, hop.kind === 'gateway' ? { ...hop, labels: undefined } : undefined);
}

/** What a hop answers, in the terms that an access line and `explain` share. */
export type Answer = {
  readonly verdict: string;
  readonly reason: string;
  readonly matched: readonly string[];
  readonly via: 'direct' | 'gateway' | null;
  /** HTTP status of a refusal. */
  readonly status: number | null;
};

export function answerOf({ verdict, reason, matched, via, status }: Explanation): Answer {
  return { verdict, reason, matched: matched.map(refText), via, status };
}
