import type { FlowFacts, Hop } from '../model/flow.ts';
import { hopText } from '../model/flow.ts';
import type { Hostname } from '../model/hostname.ts';
import type { ResourceRef } from '../model/resource.ts';
import type { Route } from '../model/verdict.ts';
import { compile, type GatewayIdentity, type Registry } from './compile.ts';
import { type Explained, type Explanation, explain } from './explain.ts';
import { selects } from './index/listeners.ts';
import { localEndpointsOf, type OwnPlace } from './may-dial.ts';
import type { ResourceSet } from './model.ts';

/** What a call meets at the first hop, and at the gateway that this one sends it to. */
export type HopsExplanation = Explanation & {
  /** The gateway's answer, if one is on the way. */
  readonly next?: Explanation & { readonly hop: string };
};

/** What is known of the places that dial. */
export type KnownPlaces = Omit<OwnPlace, 'localEndpoints'> & {
  /** The gateway that is asked, or is on the way, runs with `--allow-local-endpoints`. */
  readonly localEndpoints: boolean;
};

export function explainHops(
  set: ResourceSet,
  hop: Hop,
  facts: FlowFacts,
  known: KnownPlaces,
  toName: Hostname | undefined,
): HopsExplanation {
  const { answer, routes } = answerAt(set, hop, facts, known, toName);
  const route = hop.kind === 'mesh' ? routes.find(({ via }) => via === 'gateway') : undefined;
  const next = route?.service ? nextHop(set, route, route.service, facts, known, toName) : undefined;
  if (!next) return answer;
  const trace = [...answer.trace, ...next.trace.map((step) => `${next.hop}: ${step}`)];
  const status = next.status === null ? 'closes the connection' : `answers ${next.status}`;
  const told = next.verdict === 'deny' ? [`${next.hop} refuses it (${next.reason}): it ${status}`] : [];
  return { ...answer, trace, problems: [...answer.problems, ...told, ...next.problems], next };
}

function answerAt(
  set: ResourceSet,
  hop: Hop,
  facts: FlowFacts,
  known: KnownPlaces,
  toName: Hostname | undefined,
): Explained {
  const registry = compile(set, 1, hop.kind === 'gateway' ? gatewayNamed(set, hop) : undefined);
  return explain(registry, hop, facts, ownPlace(hop, registry, known), toName);
}

/** What runs beside workloads never dials its loopback: it is the node's. */
function ownPlace(hop: Hop, { listeners }: Registry, { localEndpoints, ...place }: KnownPlaces): OwnPlace {
  if (hop.kind === 'mesh' || !localEndpoints) return place;
  return { ...place, localEndpoints: localEndpointsOf(listeners.keys()) };
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
  known: KnownPlaces,
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
  const { answer } = answerAt(set, hop, asked, known, toName);
  const plain = 'transport plain: the gateway is not told who calls, and judges the agent as a client from outside';
  const trace = told ? answer.trace : [plain, ...answer.trace];
  return { ...answer, trace, hop: hopText(hop) };
}
