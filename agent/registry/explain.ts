import type { IpAddress } from '../model/address.ts';
import type { FlowFacts, Hop } from '../model/flow.ts';
import type { Hostname } from '../model/hostname.ts';
import type { ResourceRef } from '../model/resource.ts';
import type { Allow, Deny } from '../model/verdict.ts';
import type { Registry } from './compile.ts';
import { decide } from './decide.ts';
import { forbiddenToDial, type OwnPlace, refusedAs } from './may-dial.ts';
import { remedyFor } from './remedy.ts';

/** What `weir-agent explain --json` prints, less the problems of the documents. */
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

/** `decide` with its trace kept, and the addresses that are never dialled judged as far as they are known without DNS. */
export function explain(
  registry: Registry,
  hop: Hop,
  facts: FlowFacts,
  own: OwnPlace,
  toName: Hostname | undefined,
): Explanation {
  const trace: string[] = [];
  const decision = decide(registry, hop, facts, (step) => trace.push(step));
  switch (decision.kind) {
    case 'allow':
      return admitted(decision, facts, own, trace);
    case 'deny':
      return denied(refusedAs(decision, facts.destination.ip, own), facts, own, toName, trace);
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

function admitted(allow: Allow, facts: FlowFacts, own: OwnPlace, trace: string[]): Explanation {
  const { route, matched, reason } = allow;
  const { ip } = facts.destination;
  const addresses = route.dial === 'original' ? (ip === undefined ? [] : [ip]) : endpointsOf(route.targets);
  const forbidden = addresses.map((each) => forbiddenToDial(each, own));
  const named = route.targets.some((target) => target.kind === 'name');
  if (addresses.length > 0 && !named && forbidden.every((why) => why !== undefined)) {
    trace.push(`${addresses.join(', ')} is never dialled for a workload: ${forbidden.join(', ')}`);
    return refused(allow, 'address-forbidden', route.dial === 'original' ? 502 : 503, null, facts, trace);
  }
  trace.push(
    route.dial === 'original'
      ? 'the address that the client dialled is dialled'
      : `dialled: ${targetsText(route.targets)}`,
  );
  const problems =
    route.dial === 'name' && route.targets.length === 0 ? ['no endpoint is known: the dial fails with 503 (UH)'] : [];
  return {
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
}

function refused(
  { matched }: Allow | Deny,
  reason: string,
  httpStatus: number,
  remedy: string | null,
  facts: FlowFacts,
  trace: readonly string[],
): Explanation {
  const status = facts.evidence.kind === 'http' ? httpStatus : null;
  return { verdict: 'deny', via: null, dial: null, status, reason, matched, remedy, problems: [], trace };
}

type Targets = Allow['route']['targets'];

function endpointsOf(targets: Targets): readonly IpAddress[] {
  return targets.flatMap((target) => (target.kind === 'endpoint' ? [target.endpoint.ip] : []));
}

function targetsText(targets: Targets): string {
  const texts = targets.map((target) =>
    target.kind === 'endpoint'
      ? `${target.endpoint.ip} port ${target.endpoint.port}`
      : `an address of ${target.name} by our own resolution, port ${target.port}`,
  );
  return texts.length > 0 ? texts.join('; ') : 'nothing, there is no endpoint';
}
