import type { IpAddress } from '../model/address.ts';
import type { FlowFacts, Hop } from '../model/flow.ts';
import type { Hostname } from '../model/hostname.ts';
import type { ResourceRef } from '../model/resource.ts';
import type { Allow, Deny, Route } from '../model/verdict.ts';
import type { Registry } from './compile.ts';
import { decide } from './decide.ts';
import { addressIsForbidden, type OwnPlace, refusedAs } from './may-dial.ts';
import { remedyFor } from './remedy.ts';

/** What `weir-agent explain --json` prints of one hop, less the problems of the documents. */
export type Explanation = {
  readonly verdict: 'allow' | 'deny';
  readonly via: 'direct' | 'gateway' | null;
  readonly dial: 'original' | 'name' | null;
  /** HTTP status of the refusal; null if the flow gets none. */
  readonly status: number | null;
  readonly reason: string;
  readonly matched: readonly ResourceRef[];
  /** YAML that would admit the flow. */
  readonly remedy: string | null;
  readonly problems: readonly string[];
  readonly trace: readonly string[];
};

/** With the routes that it may take, each with its weight. */
export type Explained = { readonly answer: Explanation; readonly routes: readonly Route[] };

/** `decide` with its trace kept, and the addresses that are never dialled judged as far as they are known without DNS. */
export function explain(
  registry: Registry,
  hop: Hop,
  facts: FlowFacts,
  own: OwnPlace,
  toName: Hostname | undefined,
): Explained {
  const trace: string[] = [];
  const decision = decide(registry, hop, facts, (step) => trace.push(step));
  switch (decision.kind) {
    case 'allow':
      return admitted(decision, facts, own, trace);
    case 'deny':
      return { answer: denied(refusedAs(decision, facts.destination.ip, own), facts, own, toName, trace), routes: [] };
    case 'need':
      throw new TypeError(
        `explain must be given the evidence and the answers; missing: ${decision.attributes.join(', ')}`,
      );
  }
}

function denied(
  deny: Deny,
  facts: FlowFacts,
  own: OwnPlace,
  toName: Hostname | undefined,
  trace: string[],
): Explanation {
  if (deny.reason === 'address-forbidden') trace.push(`${facts.destination.ip} is never dialled for a workload`);
  const remedy = remedyFor(facts, deny, toName, own) ?? null;
  return refused(deny, deny.reason, deny.httpStatus, remedy, facts, trace);
}

function admitted(allow: Allow, facts: FlowFacts, own: OwnPlace, trace: string[]): Explained {
  const { route, matched, reason, split } = allow;
  const { ip } = facts.destination;
  const targets = route.dial === 'original' ? (ip === undefined ? [] : [originalTarget(ip, facts)]) : route.targets;
  const known = targets.filter((target) => target.kind !== 'name');
  const forbidden = known.map((target) => addressIsForbidden(target, own));
  if (known.length > 0 && known.length === targets.length && forbidden.every((why) => why !== undefined)) {
    const addresses = known.map(({ endpoint }) => endpoint.ip).join(', ');
    trace.push(`${addresses} is never dialled for a workload: ${forbidden.join(', ')}`);
    const status = route.dial === 'original' ? 502 : 503;
    return { answer: refused(allow, 'address-forbidden', status, null, facts, trace), routes: [] };
  }
  const ways = split ?? [{ weight: 1, route }];
  for (const { weight, route: each } of ways) {
    trace.push(`${split ? `weight ${weight}: ` : ''}${dialText(each)}`);
  }
  const problems =
    route.dial === 'name' && route.targets.length === 0
      ? [`no endpoint is known: the dial fails with 503 (${route.unknown ? 'NC' : 'UH'})`]
      : [];
  const answer: Explanation = {
    verdict: 'allow',
    via: route.via,
    dial: route.dial,
    status: null,
    reason,
    matched,
    remedy: null,
    problems,
    trace,
  };
  return { answer, routes: ways.map((each) => each.route) };
}

function originalTarget(ip: IpAddress, { destination }: FlowFacts) {
  return { kind: 'answer', endpoint: { ip, port: destination.port } } as const;
}

function refused(
  { matched }: Allow | Deny,
  reason: string,
  httpStatus: number | undefined,
  remedy: string | null,
  facts: FlowFacts,
  trace: readonly string[],
): Explanation {
  const status = facts.evidence.kind === 'http' ? (httpStatus ?? null) : null;
  return { verdict: 'deny', via: null, dial: null, status, reason, matched, remedy, problems: [], trace };
}

function dialText({ dial, targets }: Route): string {
  if (dial === 'original') return 'the address that the client dialled is dialled';
  const texts = targets.map((target) =>
    target.kind === 'name'
      ? `an address of ${target.name} by our own resolution, port ${target.port}`
      : `${target.endpoint.ip} port ${target.endpoint.port}`,
  );
  return `dialled: ${texts.length > 0 ? texts.join('; ') : 'nothing, there is no endpoint'}`;
}
