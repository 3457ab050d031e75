import { equal } from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Evidence } from '../../../../agent/model/evidence.ts';
import type { FlowFacts, Hop } from '../../../../agent/model/flow.ts';
import type { Decision, Route } from '../../../../agent/model/verdict.ts';
import { compile, type GatewayIdentity } from '../../../../agent/registry/compile.ts';
import { decide } from '../../../../agent/registry/decide.ts';
import { flow, http, MESH, type Said } from './builders.ts';
import { GATEWAY, GATEWAY_LABELS, type Given, service, setOf, to, virtualService } from './resources.ts';

/**
 * A row is a sentence. `want` is what `outcome` says: `route NAME` for a named route of a VirtualService, `direct`,
 * `allow-any`, `404 no-route`, `closed no-route`, `need http-head`.
 */
export type RouteRow = {
  readonly says: string;
  readonly given: Given;
  readonly asks: FlowFacts;
  readonly want: string;
};

export function meshRows(title: string, rows: readonly RouteRow[]): void {
  rowsAt(title, MESH, undefined, rows);
}

export function gatewayRows(title: string, rows: readonly RouteRow[]): void {
  rowsAt(title, GATEWAY, { ...GATEWAY, labels: GATEWAY_LABELS }, rows);
}

function rowsAt(title: string, hop: Hop, at: GatewayIdentity | undefined, rows: readonly RouteRow[]): void {
  describe(title, () => {
    for (const { says, given, asks, want } of rows) {
      test(says, () => equal(outcome(decide(compile(setOf(given), 1, at), hop, asks)), want));
    }
  });
}

export function outcome(decision: Decision): string {
  switch (decision.kind) {
    case 'need':
      return ['need', ...decision.attributes, ...decision.names].join(' ');
    case 'deny':
      return `${decision.httpStatus ?? 'closed'} ${decision.reason}`;
    case 'allow': {
      const { reason, route, split } = decision;
      const way = split ? split.map((each) => `${each.weight}× ${wayOf(each.route)}`).join(', ') : wayOf(route);
      if (reason === 'granted') return way;
      return route.dial === 'original' ? reason : `${way} (${reason})`;
    }
  }
}

function wayOf({ name, unknown }: Route): string {
  return `${name === undefined ? 'direct' : `route ${name}`}${unknown ? ' to nowhere' : ''}`;
}

export const SOME = '203.0.113.9';
export const API: Said = { name: 'api', hosts: ['api.test'], ports: ['80 http'] };
export const OTHER: Said = { name: 'other', hosts: ['other.test'], ports: ['80 http'] };
export const GATEWAY_SERVICE = service('egress', ['80']);
export const TO_GATEWAY = to('egress.istio-system.svc.cluster.local:80');
/** Where a route goes that must not be taken: nobody lists it. */
export const NOWHERE = to('nowhere.test:1');
/** The way of every request for api.test in the mesh. */
export const ALL = virtualService({ hosts: ['api.test'], http: [{ name: 'all', route: [TO_GATEWAY] }] });
export const STEERED: Given = { listed: [API], written: [ALL, GATEWAY_SERVICE] };

/** api.test is listed, and its one route takes what matches this. */
export function taking(match: object): Given {
  const http = [{ name: 'ok', match: [match], route: [to('api.test')] }];
  return { listed: [API], written: [virtualService({ hosts: ['api.test'], http })] };
}

/** A call of a workload to some address, by default plain HTTP to api.test. */
export function asks(evidence: Evidence = http('api.test'), port = 80, namespace = 'shop'): FlowFacts {
  return flow(`${SOME}:${port}`, evidence, undefined, namespace);
}
