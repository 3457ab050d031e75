import { endpointText } from '../../../../agent/model/address.ts';
import type { FlowFacts } from '../../../../agent/model/flow.ts';
import type { Decision, Route } from '../../../../agent/model/verdict.ts';
import { leadTo } from '../../../../agent/registry/destination.ts';
import type { Question } from '../../../../agent/registry/question.ts';
import type { Destination } from '../../../../agent/registry/route-table.ts';
import { flow, http, MESH, port, type Said } from './builders.ts';
import { GATEWAY, type Given, gatewayOf, meshOf, tableOf } from './resources.ts';

export const DIALLED = '203.0.113.9';
export const API: Said = { name: 'api', hosts: ['api.test'], ports: ['80 http'] };
export const EGRESS = 'egress.istio-system.svc.cluster.local';

/** Asked by a workload of shop, unless a gateway asks. */
export function asked(
  given: Given,
  facts: FlowFacts = flow(`${DIALLED}:80`, http('api.test')),
  hop?: 'gateway',
): Question {
  const trace = (): void => {};
  const at = hop ? { hop: GATEWAY, registry: gatewayOf(given) } : { hop: MESH, registry: meshOf(given) };
  return { ...at, facts, namespace: 'shop', trace };
}

export function destinations(...written: readonly object[]): readonly Destination[] {
  const route = tableOf({ hosts: ['api.test'], http: [{ route: written }] }).http[0];
  return route?.action.kind === 'route' ? route.action.destinations : [];
}

export function led(question: Question, ...written: readonly object[]): Decision {
  const so = { port: port(80), name: undefined, matched: [], looked: ['source', 'port'] as const };
  return leadTo(question, { destinations: destinations(...written), ...so });
}

/** `CLUSTER → TARGETS`, or why not. */
export function way(decision: Decision): string {
  if (decision.kind === 'deny') return `${decision.httpStatus} ${decision.reason}`;
  if (decision.kind === 'need') return `need ${decision.names.join(' ')}`;
  const { route, split } = decision;
  return split ? split.map(({ weight, route: each }) => `${weight}× ${wayOf(each)}`).join(', ') : wayOf(route);
}

function wayOf({ via, dial, targets, cluster, transport, unknown }: Route): string {
  const texts = targets.map((target) =>
    target.kind === 'name' ? `${target.name}:${target.port}` : endpointText(target.endpoint),
  );
  const reached = unknown ? 'unknown' : dial === 'original' ? 'as dialled' : texts.join(' ');
  return [cluster, '→', ...(via === 'gateway' ? ['gateway'] : []), ...(transport ? [transport] : []), reached].join(
    ' ',
  );
}
