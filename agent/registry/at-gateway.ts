import type { RequestFacts } from '../model/evidence.ts';
import type { FlowFacts, GatewayHop } from '../model/flow.ts';
import type { Hostname } from '../model/hostname.ts';
import type { Port } from '../model/port.ts';
import { type ResourceRef, refText } from '../model/resource.ts';
import type { Attribute, Decision, Deny, Need } from '../model/verdict.ts';
import { listedFor, portOf, taken } from './destination.ts';
import { type Found, findHttpRoute, findTcpRoute, findTlsRoute, type Placed } from './find-route.ts';
import { type Admission, admitHttp, admitOpaque, admitTls, fallBack } from './grants.ts';
import type { BoundTable, Listener } from './index/listeners.ts';
import { findName, type NameIndex } from './index/names.ts';
import { allSeen, deny, denyUnrouted, type Question } from './question.ts';
import type { Destination } from './route-table.ts';
import { verdictOn } from './verdict-on-route.ts';

/**
 * The decision at a gateway. Its servers and routes are asked first: what none of them takes is 404, or closed. Then,
 * for a workload, the same grants as beside it; a client from outside needs the routes alone.
 */
export function decideAtGateway(asked: Question, hop: GatewayHop): Decision {
  const { registry, facts, trace } = asked;
  const port = facts.listener ?? facts.destination.port;
  const listener = registry.listeners.get(port);
  if (!listener) {
    trace(`no Gateway that selects ${hop.namespace}/${hop.name} has a server on port ${port}`);
    return denyUnrouted('no-route', [], ['port']);
  }
  const { evidence } = facts;
  switch (evidence.kind) {
    case 'open':
      return listener.http || listener.tls ? needOf(listener) : decideTcp(asked, hop, listener);
    case 'http':
      return listener.http ? decideHttp(asked, hop, listener, evidence.request) : otherwise(asked, hop, listener);
    case 'tls':
      return listener.tls ? decideTls(asked, hop, listener, evidence.serverName) : otherwise(asked, hop, listener);
    case 'tls-ech':
      return listener.tls ? decideTls(asked, hop, listener, evidence.outerName) : otherwise(asked, hop, listener);
    case 'http2':
      if (!listener.http || listener.tcp) return otherwise(asked, hop, listener);
      trace('HTTP/2 without TLS: its streams are not looked at yet');
      return deny('http2-undecidable', LOOKED);
    case 'opaque':
    case 'silent':
      return otherwise(asked, hop, listener);
  }
}

const LOOKED: readonly Attribute[] = ['source', 'port'];

function needOf({ http, tls, tcp }: Listener): Need {
  const attributes = [...(http ? (['http-head'] as const) : []), ...(tls ? (['tls-name'] as const) : [])];
  return { kind: 'need', attributes, names: [], admissibleWithout: tcp !== undefined };
}

/** What the port's servers for names do not speak goes to its TCP server, or is closed. */
function otherwise(asked: Question, hop: GatewayHop, listener: Listener): Decision {
  if (listener.tcp) return decideTcp(asked, hop, listener);
  const spoken = [listener.http ? 'HTTP' : '', listener.tls ? 'TLS' : ''].filter((each) => each !== '').join(' and ');
  asked.trace(`the server on this port takes ${spoken} alone`);
  return { ...deny('protocol-mismatch', LOOKED), httpStatus: undefined };
}

function decideHttp(asked: Question, hop: GatewayHop, listener: Listener, request: RequestFacts): Decision {
  const looked: readonly Attribute[] = [...LOOKED, 'http-host'];
  const { authority, method } = request;
  const host = authority?.host.kind === 'name' ? authority.host.name : undefined;
  const known = [asked.facts.listener, listener.serverPort, asked.facts.destination.port];
  const otherPort = authority?.port !== undefined && !known.includes(authority.port);
  if (method === 'CONNECT' || otherPort) {
    asked.trace(method === 'CONNECT' ? 'a gateway takes no CONNECT' : `no server is for Host port ${authority?.port}`);
    return denyUnrouted('no-route', [], [...looked, 'http-method']);
  }
  const bound = boundTo(asked, hop, listener.http, host);
  if (bound.length === 0) return unknownHost(asked, host ? `Host ${host}` : 'a request that names no host', looked);
  const found = findHttpRoute(placedAt(asked, listener, bound), request);
  const { serverPort } = listener;
  return routed(asked, { found, bound, looked, port: serverPort }, (view) => {
    // Where the client dialled is known: as beside the workload. Else its Host port is the gateway's own.
    const told = view.facts.destination.ip !== undefined;
    const named = { ...request, authority: authority && { ...authority, port: undefined } };
    return byName(view, found, serverPort, admitHttp(view, told ? request : named));
  });
}

function decideTls(asked: Question, hop: GatewayHop, listener: Listener, name: Hostname | undefined): Decision {
  const looked: readonly Attribute[] = [...LOOKED, 'tls-name'];
  const bound = boundTo(asked, hop, listener.tls, name);
  if (bound.length === 0) return unknownHost(asked, name ? `SNI ${name}` : 'TLS without a server name', looked);
  const found = findTlsRoute(placedAt(asked, listener, bound), name, asked.facts);
  const { serverPort } = listener;
  return routed(asked, { found, bound, looked, port: serverPort }, (view) =>
    byName(view, found, serverPort, admitTls(view, name)),
  );
}

function decideTcp(asked: Question, hop: GatewayHop, listener: Listener): Decision {
  const { serverPort } = listener;
  const bound = boundFor(listener.tcp ?? [], hop.namespace) ?? [];
  const found = findTcpRoute(placedAt(asked, listener, bound), asked.facts);
  return routed(asked, { found, bound, looked: [...LOOKED, 'destination'], port: serverPort }, (view) =>
    view.facts.destination.ip === undefined ? admitByDestination(asked, found, serverPort) : admitOpaque(view),
  );
}

/**
 * Here the name that the client says chooses the route. A grant by address or by port alone says nothing of that name: it
 * counts only if the source sees listed where the route leads.
 */
function byName(asked: Question, found: Found, port: Port, admission: Admission): Admission {
  const nameless =
    admission.kind === 'granted'
      ? admission.entry.port.protocol === 'tcp'
      : admission.kind === 'need' && asked.facts.destination.ip === undefined; // no answers would tell
  return nameless ? admitByDestination(asked, found, port) : admission;
}

/** Neither a name nor the address dialled can be asked for: the source must see listed where the route leads. */
function admitByDestination(asked: Question, found: Found, port: Port): Admission {
  const looked: readonly Attribute[] = [...LOOKED, 'destination'];
  const destinations = leadsTo(found);
  const entries = destinations.map((each) => listedFor(asked, each, port, asked.namespace));
  const [entry] = entries;
  if (entry && entries.every((each) => each?.port.protocol === 'tcp')) {
    return { kind: 'granted', entry, name: undefined, looked };
  }
  const hosts = destinations.map(({ host }) => host).join(', ');
  asked.trace(`where the route leads is not listed as TCP for ${asked.namespace}: ${hosts}`);
  return fallBack(asked, 'not-listed', looked, 'named');
}

/** All tables of the most specific host that takes this one; gateways join them, older ones first. */
function boundTo(
  asked: Question,
  { namespace }: GatewayHop,
  index: NameIndex<BoundTable> | undefined,
  host: Hostname | undefined,
): readonly BoundTable[] {
  if (!index) return [];
  const bound = findName(index, host, (all) => boundFor(all, namespace)) ?? [];
  for (const { table, gateway } of bound) {
    asked.trace(`${refText(table.ref)} is for ${host ?? 'any host'} by ${refText(gateway.ref)}`);
  }
  return bound;
}

function boundFor(all: readonly BoundTable[], namespace: string): readonly BoundTable[] | undefined {
  return allSeen(all, namespace, ({ table }) => table);
}

function placedAt({ facts }: Question, { serverPort }: Listener, bound: readonly BoundTable[]): readonly Placed[] {
  const { source } = facts;
  return bound.map(({ table, key }) => ({ table, standing: { gateway: key, port: serverPort, source } }));
}

type AtServer = {
  readonly found: Found;
  readonly bound: readonly BoundTable[];
  readonly looked: readonly Attribute[];
  readonly port: Port;
};

/** Route first, then grants: of the port that the client dialled if that is known, else of the one that the route leads to. */
function routed(
  asked: Question,
  { found, bound, looked, port }: AtServer,
  admit: (view: Question) => Admission,
): Decision {
  const gateways = bound.map(({ gateway }) => gateway.ref);
  if (found.kind === 'no-table') return denyUnrouted('no-route', gateways, looked);
  const table = found.kind === 'found' ? found.table : undefined;
  const by = bound.find((each) => each.table === table)?.gateway.ref;
  const decision = verdictOn(asked, found, { port, matched: by ? [by] : gateways, looked });
  if (decision.kind !== 'allow' || asked.facts.source.kind !== 'workload') return decision;
  const admission = admit(askedOfGrants(asked, found, port));
  switch (admission.kind) {
    case 'deny': {
      const matched: readonly ResourceRef[] = [...admission.matched, ...decision.matched];
      return { ...admission, matched, dependsOn: joined(decision.dependsOn, admission.dependsOn) };
    }
    case 'need':
      return admission;
    case 'granted':
      return {
        ...decision,
        matched: [admission.entry.grant.ref, ...decision.matched],
        dependsOn: joined(decision.dependsOn, admission.looked),
      };
    case 'unlisted':
      return { ...decision, reason: 'allow-any', dependsOn: joined(decision.dependsOn, admission.looked) };
  }
}

function leadsTo(found: Found): readonly Destination[] {
  return found.kind === 'found' && found.action.kind === 'route' ? taken(found.action.destinations) : [];
}

function askedOfGrants(asked: Question, found: Found, port: Port): Question {
  const { facts } = asked;
  if (facts.destination.ip !== undefined || facts.listener === undefined) return asked;
  const [first] = leadsTo(found);
  const destination: FlowFacts['destination'] = { ip: undefined, port: first ? portOf(asked, first, port) : port };
  return { ...asked, facts: { ...facts, destination } };
}

function joined(a: readonly Attribute[], b: readonly Attribute[]): readonly Attribute[] {
  return [...new Set([...a, ...b])];
}

function unknownHost(asked: Question, what: string, looked: readonly Attribute[]): Deny {
  asked.trace(`no server and VirtualService of this port is for ${what}`);
  return denyUnrouted('no-route', [], looked);
}
