import type { FlowFacts, Hop } from '../model/flow.ts';
import { type HostPattern, patternText } from '../model/hostname.ts';
import { refText } from '../model/resource.ts';
import type { Allow, Attribute, Decision, Need, Route } from '../model/verdict.ts';
import { decideAtGateway } from './at-gateway.ts';
import type { Registry } from './compile.ts';
import { encryptedBy } from './destination.ts';
import { type Found, findHttpRoute, findTcpRoute, findTlsRoute, type Placed } from './find-route.ts';
import { type Admission, admitHttp, admitHttp2, admitOpaque, admitOpen, admitTls, type Granted } from './grants.ts';
import { findCovering } from './index/hosts.ts';
import { deny, modeMatched, preferred, type Question, type Trace } from './question.ts';
import { PASSTHROUGH, routeOf } from './route.ts';
import { MESH_GATEWAY } from './route-table.ts';
import { verdictOn } from './verdict-on-route.ts';

/**
 * The decision, pure and total: a verdict, or what is missing to reach one. It judges policy, not reachability.
 * Asked first with the evidence open; if no evidence could change the outcome, that verdict is final at once.
 * Removing knowledge from `facts` never turns a denial into an allowance.
 */
export function decide(registry: Registry, hop: Hop, facts: FlowFacts, trace: Trace = silent): Decision {
  const { source } = facts;
  if (source.kind === 'unknown' || (source.kind === 'outside' && hop.kind === 'mesh')) {
    trace(`${hop.kind}: the source is not known, so no rule can be applied to it`);
    return deny('source-unknown', ['source']);
  }
  const namespace = source.kind === 'workload' ? source.workload.namespace : viewOf(hop);
  const asked: Question = { registry, hop, facts, namespace, trace };
  if (hop.kind === 'gateway') return decideAtGateway(asked, hop);
  const admission = admit(asked);
  switch (admission.kind) {
    case 'granted':
      return steer(asked, admission);
    case 'unlisted':
      return passThrough(asked, admission.looked);
    case 'deny':
    case 'need':
      return admission;
  }
}

/** A client from outside sees what the gateway itself does. */
function viewOf(hop: Hop): string {
  return hop.kind === 'gateway' ? hop.namespace : '';
}

function admit(asked: Question): Admission {
  const { evidence } = asked.facts;
  switch (evidence.kind) {
    case 'open':
      return admitOpen(asked);
    case 'http':
      return admitHttp(asked, evidence.request);
    case 'tls':
      return admitTls(asked, evidence.serverName);
    case 'tls-ech':
      return admitTls(asked, evidence.outerName);
    case 'http2':
      asked.trace(NAMELESS.http2);
      return admitHttp2(asked);
    case 'opaque':
    case 'silent':
      asked.trace(NAMELESS[evidence.kind]);
      return admitOpaque(asked);
  }
}

const NAMELESS = {
  http2: 'HTTP/2 without TLS: its streams are not looked at yet, so only resources of protocol TCP are asked',
  opaque: 'neither HTTP nor TLS: it shows no name, so only resources of protocol TCP are asked',
  silent: 'the client says nothing: it shows no name, so only resources of protocol TCP are asked',
} as const;

function passThrough({ registry }: Question, looked: readonly Attribute[]): Allow {
  const matched = modeMatched(registry);
  return { kind: 'allow', reason: 'allow-any', route: PASSTHROUGH, matched, dependsOn: looked };
}

/**
 * Where an admitted flow goes: by the VirtualService of its host, if one is in force beside workloads and has routes for
 * such a flow, else to the host itself.
 */
function steer(asked: Question, granted: Granted): Decision {
  const { entry, name, looked } = granted;
  const host: HostPattern = name === undefined ? entry.host : { kind: 'exact', name };
  const found = findSteering(asked, granted, host);
  if (!found || found.kind === 'no-table') return direct(asked, granted, host, routeOf(entry, name, asked.facts));
  return verdictOn(asked, found, { port: entry.port.number, matched: [entry.grant.ref], looked });
}

function findSteering(asked: Question, { entry, name }: Granted, host: HostPattern): Found | undefined {
  const { registry, facts, namespace } = asked;
  const index = registry.routeTables.get(MESH_GATEWAY);
  const table = index && findCovering(index, host, (tables) => preferred(tables, namespace, (each) => each));
  if (!table) return undefined;
  const standing = { gateway: MESH_GATEWAY, port: entry.port.number, source: facts.source };
  const placed: Placed[] = [{ table, standing }];
  const found =
    entry.port.protocol === 'http' && facts.evidence.kind === 'http'
      ? findHttpRoute(placed, facts.evidence.request)
      : entry.port.protocol === 'tls'
        ? findTlsRoute(placed, name, facts)
        : entry.port.protocol === 'tcp'
          ? findTcpRoute(placed, facts)
          : undefined;
  if (found && found.kind !== 'no-table') asked.trace(`${refText(table.ref)} is for ${patternText(host)} (hop mesh)`);
  return found;
}

function direct(asked: Question, granted: Granted, host: HostPattern, route: Route | Need): Decision {
  const { entry, looked } = granted;
  if ('attributes' in route) return route;
  const encrypted = encryptedBy(asked, host, entry.port.number);
  if (encrypted) return { ...encrypted, matched: [entry.grant.ref, ...encrypted.matched], dependsOn: looked };
  const dependsOn: readonly Attribute[] =
    entry.grant.reach.kind === 'original' ? [...new Set<Attribute>([...looked, 'destination', 'answers'])] : looked;
  return { kind: 'allow', reason: 'granted', route, matched: [entry.grant.ref], dependsOn };
}

function silent(): void {}
