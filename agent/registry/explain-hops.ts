import type { FlowFacts, Hop } from '../model/flow.ts';
import { hopText } from '../model/flow.ts';
import type { Hostname } from '../model/hostname.ts';
import type { ResourceRef } from '../model/resource.ts';
import type { Route } from '../model/verdict.ts';
import { compile, type GatewayIdentity } from './compile.ts';
import { type Explanation, explain } from './explain.ts';
import { selects } from './index/listeners.ts';
import type { OwnPlace } from './may-dial.ts';
import type { ResourceSet } from './model.ts';

/** What a call meets at the first hop, and at the gateway that this one sends it to. */
export type HopsExplanation = Explanation & {
  /** The gateway's answer, if one is on the way. */
  readonly next?: Explanation & { readonly hop: string };
};

export function explainHops(
  set: ResourceSet,
  hop: Hop,
  facts: FlowFacts,
  own: OwnPlace,
  toName: Hostname | undefined,
): HopsExplanation {
  const identity = hop.kind === 'gateway' ? gatewayNamed(set, hop) : undefined;
  const { answer, routes } = explain(compile(set, 1, identity), hop, facts, own, toName);
  const route = hop.kind === 'mesh' ? routes.find(({ via }) => via === 'gateway') : undefined;
  const next = route?.service ? nextHop(set, route, route.service, facts, own, toName) : undefined;
  if (!next) return answer;
  const trace = [...answer.trace, ...next.trace.map((step) => `${next.hop}: ${step}`)];
  const status = next.status === null ? 'closes the connection' : `answers ${next.status}`;
  const told = next.verdict === 'deny' ? [`${next.hop} refuses it (${next.reason}): it ${status}`] : [];
  return { ...answer, trace, problems: [...answer.problems, ...told, ...next.problems], next };
}

/** A gateway by the name of its Pod or of its Service; without either nothing is known of its labels. */
function gatewayNamed({ workloads, services }: ResourceSet, hop: Hop & { kind: 'gateway' }): GatewayIdentity {
  const { namespace, name } = hop;
  const isNamed = (ref: { readonly namespace: string; readonly name: string }) =>
    ref.namespace === namespace && ref.name === name;
  if (workloads.some(isNamed)) return { ...hop, labels: undefined };
  const selector = services.find(({ ref }) => isNamed(ref))?.selector;
  if (!selector) return { ...hop, labels: {} };
  const pod = workloads.find((each) => each.namespace === namespace && each.labels && selects(selector, each.labels));
  return { ...hop, labels: pod?.labels ?? selector };
}

function nextHop(
  set: ResourceSet,
  route: Route,
  { namespace, name }: ResourceRef,
  facts: FlowFacts,
  own: OwnPlace,
  toName: Hostname | undefined,
): HopsExplanation['next'] {
  const hop = { kind: 'gateway', namespace, name } as const;
  const [target] = route.targets;
  if (target?.kind !== 'service') return undefined;
  const { port } = target.endpoint;
  const told = route.transport === 'proxy-v2';
  const asked: FlowFacts = {
    ...facts,
    // Without a header the gateway knows only the address of the agent.
    source: told ? facts.source : { kind: 'outside', ip: target.endpoint.ip },
    destination: told ? facts.destination : { ip: undefined, port },
    listener: port,
  };
  const { answer } = explain(compile(set, 1, gatewayNamed(set, hop)), hop, asked, own, toName);
  const plain = 'transport plain: the gateway is not told who calls, and judges the agent as a client from outside';
  const trace = told ? answer.trace : [plain, ...answer.trace];
  return { ...answer, trace, hop: hopText(hop) };
}
