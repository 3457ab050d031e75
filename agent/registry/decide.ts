import type { RequestFacts } from '../model/evidence.ts';
import type { FlowFacts, Hop } from '../model/flow.ts';
import { type Hostname, patternText } from '../model/hostname.ts';
import { refText } from '../model/resource.ts';
import type { Attribute, Decision, DenyReason, Need, Route } from '../model/verdict.ts';
import type { Registry } from './compile.ts';
import { findCidr } from './index/cidrs.ts';
import { findHost, type HostIndex } from './index/hosts.ts';
import { type Entry, seesAny } from './index/ports.ts';
import { isAnswer, needAnswers, PASSTHROUGH, routeOf } from './route.ts';

/** Called with one sentence for each step of a decision; `explain` keeps them. */
export type Trace = (step: string) => void;

/**
 * The decision, pure and total: a verdict, or what is missing to reach one. It judges policy, not reachability.
 * Asked first with the evidence open; if no evidence could change the outcome, that verdict is final at once.
 * Removing knowledge from `facts` never turns a denial into an allowance.
 */
export function decide(registry: Registry, hop: Hop, facts: FlowFacts, trace: Trace = silent): Decision {
  if (facts.source.kind === 'unknown') {
    trace(`${hop.kind}: the source is not known, so no rule can be applied to it`);
    return deny('source-unknown', ['source']);
  }
  const asked: Question = { registry, facts, namespace: facts.source.workload.namespace, trace };
  const { evidence } = facts;
  switch (evidence.kind) {
    case 'open':
      return decideOpen(asked);
    case 'http':
      return decideHttp(asked, evidence.request);
    case 'tls':
      return decideTls(asked, evidence.serverName);
    case 'tls-ech':
      return decideTls(asked, evidence.outerName);
    case 'http2':
      trace(NAMELESS.http2);
      return decideNameless(asked, hasHttpRules(asked) ? 'http2-undecidable' : 'not-listed');
    case 'opaque':
    case 'silent':
      trace(NAMELESS[evidence.kind]);
      return decideNameless(asked, hasNameRules(asked) ? 'protocol-mismatch' : 'not-listed');
  }
}

const NAMELESS = {
  http2: 'HTTP/2 without TLS: its streams are not looked at yet, so only resources of protocol TCP are asked',
  opaque: 'neither HTTP nor TLS: it shows no name, so only resources of protocol TCP are asked',
  silent: 'the client says nothing: it shows no name, so only resources of protocol TCP are asked',
} as const;

type Question = {
  readonly registry: Registry;
  readonly facts: FlowFacts;
  readonly namespace: string;
  readonly trace: Trace;
};

function decideOpen(asked: Question): Decision {
  const { registry, facts, trace } = asked;
  const nameless = admitNameless(asked);
  if (!hasNameRules(asked)) {
    trace(`no resource that ${asked.namespace} sees looks at a name on port ${facts.destination.port}`);
    return nameless ?? fallBack(asked, 'not-listed', ['source', 'port', 'destination']);
  }
  const attributes: ('http-head' | 'tls-name')[] = [];
  if (hasHttpRules(asked)) attributes.push('http-head');
  if (hasTlsRules(asked)) attributes.push('tls-name');
  return {
    kind: 'need',
    attributes,
    names: [],
    admissibleWithout: nameless !== undefined || registry.mode === 'ALLOW_ANY',
  };
}

/**
 * By Host; a request whose host is the address dialled by that address, if listed. A port in the authority other than
 * the one dialled matches only rules of that port, and only where a Host is looked at at all: what the open question
 * answered at once must hold for every request.
 */
function decideHttp(asked: Question, request: RequestFacts): Decision {
  const { facts, registry, trace } = asked;
  const { authority } = request;
  const port = authority?.port ?? facts.destination.port;
  const index = port === facts.destination.port || hasHttpRules(asked) ? registry.ports.get(port) : undefined;
  const looked: readonly Attribute[] = ['source', 'port', 'http-host'];
  if (!authority) trace('the request names no host');
  else if (authority.host.kind === 'name') {
    const { name } = authority.host;
    const entry = index && findEntry(asked, index.http, name);
    if (entry) return admit(asked, entry, `Host ${name}`, routeOf(entry, name, facts), looked);
    trace(`no resource that ${asked.namespace} sees lists Host ${name} on port ${port} as HTTP`);
  } else if (authority.host.ip === facts.destination.ip && port === facts.destination.port) {
    const entry = index && findCidr(index.addresses.http, authority.host.ip, chooser(asked));
    if (entry) return admit(asked, entry, `Host ${authority.host.ip}`, routeOf(entry, undefined, facts), looked);
  }
  const name = authority?.host.kind === 'name' ? authority.host.name : undefined;
  const mismatch = name !== undefined && index !== undefined && findEntry(asked, index.tls, name) !== undefined;
  return decideNameless(asked, mismatch ? 'protocol-mismatch' : 'not-listed', looked);
}

/** By SNI alone. A hello without one shows less than a hello with a foreign name, so it gets no more. */
function decideTls(asked: Question, name: Hostname | undefined): Decision {
  const { facts, registry, trace } = asked;
  const { port } = facts.destination;
  const index = registry.ports.get(port);
  const looked: readonly Attribute[] = ['source', 'port', 'tls-name'];
  if (name === undefined) {
    trace('the ClientHello carries no server name');
    return decideNameless(asked, 'not-listed', looked);
  }
  const entry = index && findEntry(asked, index.tls, name);
  if (entry) return admit(asked, entry, `SNI ${name}`, routeOf(entry, name, facts), looked);
  trace(`no resource that ${asked.namespace} sees lists SNI ${name} on port ${port} as TLS or HTTPS`);
  const mismatch = index !== undefined && findEntry(asked, index.http, name) !== undefined;
  return decideNameless(asked, mismatch ? 'protocol-mismatch' : 'not-listed', looked);
}

/** What no name admitted: TCP grants by address or port, else the mode. */
function decideNameless(
  asked: Question,
  reason: DenyReason,
  looked: readonly Attribute[] = ['source', 'port'],
): Decision {
  return admitNameless(asked, looked) ?? fallBack(asked, reason, [...looked, 'destination']);
}

function fallBack(asked: Question, reason: DenyReason, looked: readonly Attribute[]): Decision {
  const { registry, trace } = asked;
  const by = registry.modeRef ? refText(registry.modeRef) : 'the default, since nothing configures a mode';
  if (registry.mode === 'ALLOW_ANY') {
    trace(`ALLOW_ANY (${by}): what no resource lists passes to its original destination`);
    const matched = registry.modeRef ? [registry.modeRef] : [];
    return { kind: 'allow', reason: 'allow-any', route: PASSTHROUGH, matched, dependsOn: looked };
  }
  trace(`REGISTRY_ONLY (${by}): what no resource lists is refused`);
  return { ...deny(reason, looked), matched: registry.modeRef ? [registry.modeRef] : [] };
}

/**
 * TCP grants: by the address dialled, the longest prefix first; else by port alone. A port with one such host goes to
 * that host; among several it is the one that the dialled address belongs to.
 */
function admitNameless(asked: Question, looked: readonly Attribute[] = ['source', 'port']): Decision | undefined {
  const { facts, registry } = asked;
  const { ip, port } = facts.destination;
  const index = registry.ports.get(port);
  if (!index) return undefined;
  const depends: readonly Attribute[] = [...looked, 'destination'];
  const listed = ip === undefined ? undefined : findCidr(index.addresses.tcp, ip, chooser(asked));
  if (ip === undefined && index.addresses.tcp[4].length + index.addresses.tcp[6].length > 0)
    asked.trace(`what lists addresses on port ${port} is left out: which address is dialled is not known`);
  if (listed) return admit(asked, listed, `the listed address ${ip}`, routeOf(listed, undefined, facts), depends);
  const reachable = index.portOnly.filter((entry) => sees(entry, asked.namespace) && canReach(entry));
  const [only, ...others] = reachable;
  if (!only) return undefined;
  if (others.length === 0) return admit(asked, only, `port ${port}`, routeOf(only, undefined, facts), depends);
  return amongSeveral(asked, reachable, depends);
}

function amongSeveral(asked: Question, entries: readonly Entry[], depends: readonly Attribute[]): Decision | undefined {
  const { facts, trace } = asked;
  const unknown: Hostname[] = [];
  for (const entry of entries) {
    const belongs = isAnswer(facts, entry.host.name, entry.grant.reach);
    if (belongs === undefined) unknown.push(entry.host.name);
    else if (belongs && unknown.length > 0)
      break; // the older ones come first, whatever is known sooner
    else if (belongs) {
      return admit(asked, entry, `an address of ${entry.host.name}`, routeOf(entry, undefined, facts), [
        ...depends,
        'answers',
      ]);
    }
  }
  if (unknown.length > 0) return needAnswers(unknown);
  trace(`the destination is no address of ${entries.map(({ host }) => patternText(host)).join(', ')}`);
  return undefined;
}

function admit(asked: Question, entry: Entry, by: string, route: Route | Need, looked: readonly Attribute[]): Decision {
  if ('attributes' in route) return route;
  asked.trace(`${refText(entry.grant.ref)} admits ${by} on port ${entry.port.number} (${entry.port.protocol})`);
  const dependsOn: readonly Attribute[] =
    entry.grant.reach.kind === 'original' ? [...new Set<Attribute>([...looked, 'destination', 'answers'])] : looked;
  return { kind: 'allow', reason: 'granted', route, matched: [entry.grant.ref], dependsOn };
}

/** A wildcard has no address of its own to be reached at; only endpoints give it one. */
function canReach(entry: Entry): boolean {
  return entry.host.kind === 'exact' || entry.grant.reach.kind === 'endpoints';
}

function hasNameRules(asked: Question): boolean {
  return hasHttpRules(asked) || hasTlsRules(asked);
}

function hasHttpRules({ registry, facts, namespace }: Question): boolean {
  const index = registry.ports.get(facts.destination.port);
  return index !== undefined && seesAny(index.httpRules, namespace);
}

function hasTlsRules({ registry, facts, namespace }: Question): boolean {
  const index = registry.ports.get(facts.destination.port);
  return index !== undefined && seesAny(index.tlsRules, namespace);
}

function findEntry(asked: Question, index: HostIndex<Entry>, name: Hostname): Entry | undefined {
  return findHost(index, name, chooser(asked));
}

/** The first that the source sees; one of the source's own namespace before all others. */
function chooser({ namespace }: Question): (entries: readonly Entry[]) => Entry | undefined {
  return (entries) => {
    const visible = entries.filter((entry) => sees(entry, namespace));
    return visible.find(({ grant }) => grant.ref.namespace === namespace) ?? visible[0];
  };
}

function sees({ grant }: Entry, namespace: string): boolean {
  return grant.visibleTo === 'all' || grant.visibleTo.has(namespace);
}

function deny(reason: DenyReason, dependsOn: readonly Attribute[]): Decision & { kind: 'deny' } {
  return { kind: 'deny', reason, httpStatus: 502, matched: [], dependsOn };
}

function silent(): void {}
