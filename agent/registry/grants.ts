import type { RequestFacts } from '../model/evidence.ts';
import { type Hostname, patternText } from '../model/hostname.ts';
import { refText } from '../model/resource.ts';
import type { Attribute, Deny, DenyReason, Need } from '../model/verdict.ts';
import { findCidr } from './index/cidrs.ts';
import { findHost, type HostIndex } from './index/hosts.ts';
import { type Entry, seesAny } from './index/ports.ts';
import { deny, modeMatched, modeText, preferred, type Question } from './question.ts';
import { isAnswer, needAnswers } from './route.ts';
import { sees } from './visibility.ts';

/** Whether the grants admit a flow, and which of them; where it then goes is for others to say. */
export type Admission = Granted | Unlisted | Deny | Need;

export type Granted = {
  readonly kind: 'granted';
  readonly entry: Entry;
  /** The host that the flow named; undefined: it named none. */
  readonly name: Hostname | undefined;
  readonly looked: readonly Attribute[];
};

/** ALLOW_ANY, and nothing lists it. */
export type Unlisted = { readonly kind: 'unlisted'; readonly looked: readonly Attribute[] };

/** With the evidence still open: final only if no evidence could change it. */
export function admitOpen(asked: Question): Admission {
  const { registry, facts, trace } = asked;
  const nameless = admitByAddress(asked);
  if (!hasNameRules(asked)) {
    trace(`no resource that ${asked.namespace} sees looks at a name on port ${facts.destination.port}`);
    return nameless ?? fallBack(asked, 'not-listed', ['source', 'port', 'destination'], 'nameless');
  }
  const attributes: ('http-head' | 'tls-name')[] = [];
  if (hasHttpRules(asked)) attributes.push('http-head');
  if (hasTlsRules(asked)) attributes.push('tls-name');
  return {
    kind: 'need',
    attributes,
    names: [],
    admissibleWithout: nameless !== undefined || (registry.mode === 'ALLOW_ANY' && !isSteered(asked)),
  };
}

/**
 * By Host; a request whose host is the address dialled by that address, if listed. A port in the authority other than
 * the one dialled matches only rules of that port, and only where a Host is looked at at all: what the open question
 * answered at once must hold for every request.
 */
export function admitHttp(asked: Question, request: RequestFacts): Admission {
  const { facts, registry, trace } = asked;
  const { authority } = request;
  const port = authority?.port ?? facts.destination.port;
  const index = port === facts.destination.port || hasHttpRules(asked) ? registry.ports.get(port) : undefined;
  const looked: readonly Attribute[] = ['source', 'port', 'http-host'];
  if (!authority) trace('the request names no host');
  else if (authority.host.kind === 'name') {
    const { name } = authority.host;
    const entry = index && findEntry(asked, index.http, name);
    if (entry) return granted(asked, entry, `Host ${name}`, name, looked);
    trace(`no resource that ${asked.namespace} sees lists Host ${name} on port ${port} as HTTP`);
  } else if (authority.host.ip === facts.destination.ip && port === facts.destination.port) {
    const entry = index && findCidr(index.addresses.http, authority.host.ip, chooser(asked));
    if (entry) return granted(asked, entry, `Host ${authority.host.ip}`, undefined, looked);
  }
  const name = authority?.host.kind === 'name' ? authority.host.name : undefined;
  const mismatch = name !== undefined && index !== undefined && findEntry(asked, index.tls, name) !== undefined;
  return admitNameless(asked, mismatch ? 'protocol-mismatch' : 'not-listed', looked, authority ? 'named' : 'nameless');
}

/** By SNI alone. A hello without one shows less than a hello with a foreign name, so it gets no more. */
export function admitTls(asked: Question, name: Hostname | undefined): Admission {
  const { facts, registry, trace } = asked;
  const { port } = facts.destination;
  const index = registry.ports.get(port);
  const looked: readonly Attribute[] = ['source', 'port', 'tls-name'];
  if (name === undefined) {
    trace('the ClientHello carries no server name');
    return admitNameless(asked, 'not-listed', looked);
  }
  const entry = index && findEntry(asked, index.tls, name);
  if (entry) return granted(asked, entry, `SNI ${name}`, name, looked);
  trace(`no resource that ${asked.namespace} sees lists SNI ${name} on port ${port} as TLS or HTTPS`);
  const mismatch = index !== undefined && findEntry(asked, index.http, name) !== undefined;
  return admitNameless(asked, mismatch ? 'protocol-mismatch' : 'not-listed', looked, 'named');
}

/** HTTP/2 without TLS, of which no stream is looked at. */
export function admitHttp2(asked: Question): Admission {
  return admitNameless(asked, hasHttpRules(asked) ? 'http2-undecidable' : 'not-listed');
}

/** Neither HTTP nor TLS, or nothing at all. */
export function admitOpaque(asked: Question): Admission {
  return admitNameless(asked, hasNameRules(asked) ? 'protocol-mismatch' : 'not-listed');
}

/** What no name admitted: TCP grants by address or port, else the mode. */
function admitNameless(
  asked: Question,
  reason: DenyReason,
  looked: readonly Attribute[] = ['source', 'port'],
  shows: Shows = 'nameless',
): Admission {
  return admitByAddress(asked, looked) ?? fallBack(asked, reason, [...looked, 'destination'], shows);
}

/** Whether a flow says which host it is for. */
type Shows = 'named' | 'nameless';

/** By the mode, what nothing admitted. */
export function fallBack(
  asked: Question,
  reason: DenyReason,
  looked: readonly Attribute[],
  shows: Shows,
): Unlisted | Deny {
  const { registry, trace } = asked;
  if (registry.mode === 'ALLOW_ANY') {
    if (shows === 'nameless' && isSteered(asked)) {
      trace(`ALLOW_ANY (${modeText(registry)}), but on this port a name decides where to, and the flow shows none`);
      return { ...deny('name-needed', looked), matched: modeMatched(registry) };
    }
    trace(`ALLOW_ANY (${modeText(registry)}): what no resource lists passes to its original destination`);
    return { kind: 'unlisted', looked };
  }
  trace(`REGISTRY_ONLY (${modeText(registry)}): what no resource lists is refused`);
  return { ...deny(reason, looked), matched: modeMatched(registry) };
}

/**
 * TCP grants: by the address dialled, the longest prefix first; else by port alone. A port with one such host goes to
 * that host; among several it is the one that the dialled address belongs to.
 */
function admitByAddress(
  asked: Question,
  looked: readonly Attribute[] = ['source', 'port'],
): Granted | Need | undefined {
  const { facts, registry } = asked;
  const { ip, port } = facts.destination;
  const index = registry.ports.get(port);
  if (!index) return undefined;
  const depends: readonly Attribute[] = [...looked, 'destination'];
  const listed = ip === undefined ? undefined : findCidr(index.addresses.tcp, ip, chooser(asked));
  if (ip === undefined && index.addresses.tcp[4].length + index.addresses.tcp[6].length > 0)
    asked.trace(`what lists addresses on port ${port} is left out: which address is dialled is not known`);
  if (listed) return granted(asked, listed, `the listed address ${ip}`, undefined, depends);
  const reachable = index.portOnly.filter((entry) => sees(entry.grant.visibleTo, asked.namespace) && canReach(entry));
  const [only, ...others] = reachable;
  if (!only) return undefined;
  if (others.length === 0) return granted(asked, only, `port ${port}`, undefined, depends);
  return amongSeveral(asked, reachable, depends);
}

function amongSeveral(
  asked: Question,
  entries: readonly Entry[],
  depends: readonly Attribute[],
): Granted | Need | undefined {
  const { facts, trace } = asked;
  const unknown: Hostname[] = [];
  for (const entry of entries) {
    const belongs = isAnswer(facts, entry.host.name, entry.grant.reach);
    if (belongs === undefined) unknown.push(entry.host.name);
    else if (belongs && unknown.length > 0)
      break; // the older ones come first, whatever is known sooner
    else if (belongs) {
      return granted(asked, entry, `an address of ${entry.host.name}`, undefined, [...depends, 'answers']);
    }
  }
  if (unknown.length > 0) return needAnswers(unknown);
  trace(`the destination is no address of ${entries.map(({ host }) => patternText(host)).join(', ')}`);
  return undefined;
}

function granted(
  asked: Question,
  entry: Entry,
  by: string,
  name: Hostname | undefined,
  looked: readonly Attribute[],
): Granted {
  asked.trace(`${refText(entry.grant.ref)} admits ${by} on port ${entry.port.number} (${entry.port.protocol})`);
  return { kind: 'granted', entry, name, looked };
}

/** A wildcard has no address of its own to be reached at; only endpoints give it one. */
function canReach(entry: Entry): boolean {
  return entry.host.kind === 'exact' || entry.grant.reach.kind === 'endpoints';
}

function isSteered({ registry, facts, namespace }: Question): boolean {
  const index = registry.ports.get(facts.destination.port);
  return index !== undefined && seesAny(index.steered, namespace);
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

function chooser({ namespace }: Question): (entries: readonly Entry[]) => Entry | undefined {
  return (entries) => preferred(entries, namespace, ({ grant }) => grant);
}
