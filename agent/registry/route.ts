import type { IpAddress } from '../model/address.ts';
import { cidrContains } from '../model/cidr.ts';
import type { FlowFacts } from '../model/flow.ts';
import { type Hostname, patternText } from '../model/hostname.ts';
import type { Port } from '../model/port.ts';
import type { Need, Route, Target } from '../model/verdict.ts';
import type { Entry } from './index/ports.ts';
import type { GrantEndpoint, Reach } from './model.ts';

/** The route of what passes because nothing refuses it (ALLOW_ANY). */
export const PASSTHROUGH: Route = { via: 'direct', dial: 'original', targets: [], cluster: 'PassthroughCluster' };

/**
 * How a flow that `entry` admits is reached, or the answers that are needed to tell. `name` is the host that the flow
 * named; undefined for a flow without one, which is then reached by the entry's own host.
 * A grant for a name is honoured only towards that name: the address that the client dialled counts only if it is one
 * of the name's answers, or listed.
 */
export function routeOf(entry: Entry, name: Hostname | undefined, facts: FlowFacts): Route | Need {
  const cluster = clusterName(entry.port.number, '', patternText(entry.host));
  const own = name ?? (entry.host.kind === 'exact' ? entry.host.name : undefined);
  const byName = (): Route => ({
    via: 'direct',
    dial: 'name',
    targets: nameTargets(own, entry.port.targetPort),
    cluster,
  });
  const { reach } = entry.grant;
  switch (reach.kind) {
    case 'endpoints':
      return { via: 'direct', dial: 'name', targets: reach.endpoints.map((each) => targetOf(each, entry)), cluster };
    case 'resolve':
      return byName();
    case 'original': {
      const original: Route = { via: 'direct', dial: 'original', targets: [], cluster };
      // A Host port chose the rule: the port that was dialled is another, which this rule does not open.
      if (facts.destination.port !== entry.port.number) return byName();
      if (facts.listener !== undefined && facts.destination.ip === undefined) return byName(); // a gateway was not told it
      if (isListed(entry, facts.destination.ip) || own === undefined) return original;
      const answer = isAnswer(facts, own, reach);
      if (answer === undefined) return needAnswers([own]);
      return answer ? original : byName();
    }
  }
}

/** As Envoy names clusters that lead out of the mesh. */
export function clusterName(port: Port, subset: string, host: string): string {
  return `outbound|${port}|${subset}|${host}`;
}

export function isListed(entry: Entry, ip: IpAddress | undefined): boolean {
  return ip !== undefined && entry.grant.addresses.some((cidr) => cidrContains(cidr, ip));
}

/** Whether the original destination is an address of this name; undefined while the answers are not known. */
export function isAnswer(facts: FlowFacts, name: Hostname, reach: Reach): boolean | undefined {
  const { answers, destination } = facts;
  if (reach.kind === 'endpoints') {
    return reach.endpoints.some(({ address }) => address.kind === 'ip' && address.ip === destination.ip);
  }
  if (!answers) return undefined;
  if (answers.kind === 'assumed') return answers.name === name;
  const ips = answers.byName.get(name);
  return ips && destination.ip !== undefined && ips.includes(destination.ip);
}

export function needAnswers(names: readonly Hostname[]): Need {
  return { kind: 'need', attributes: ['answers'], names, admissibleWithout: false };
}

function nameTargets(name: Hostname | undefined, port: Entry['port']['targetPort']): readonly Target[] {
  return name ? [{ kind: 'name', name, port, weight: 1 }] : [];
}

function targetOf(endpoint: GrantEndpoint, entry: Entry): Target {
  const port = endpoint.ports.get(entry.port.name) ?? entry.port.targetPort;
  const { weight, address } = endpoint;
  return address.kind === 'ip'
    ? { kind: 'endpoint', endpoint: { ip: address.ip, port }, weight }
    : { kind: 'name', name: address.name, port, weight };
}
