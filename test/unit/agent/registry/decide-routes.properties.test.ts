import { deepEqual, equal, notEqual, ok } from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { Evidence } from '../../../../agent/model/evidence.ts';
import type { FlowFacts, Hop } from '../../../../agent/model/flow.ts';
import { type Hostname, hostMatches, patternText } from '../../../../agent/model/hostname.ts';
import type { Attribute, Need, Verdict } from '../../../../agent/model/verdict.ts';
import { compile, type Registry } from '../../../../agent/registry/compile.ts';
import type { ResourceSet } from '../../../../agent/registry/model.ts';
import { sees } from '../../../../agent/registry/visibility.ts';
import { lessEvidence, settle, type World, worlds } from './arbitraries.ts';
import { MESH, OPEN } from './builders.ts';
import { GATEWAY, GATEWAY_LABELS, UNKNOWN } from './resources.ts';
import { evidences, gatewayFlows, meshFlows, requests, sets } from './route-arbitraries.ts';

// What routes, gateways and DestinationRules may never do, whatever they say: admit. They may refuse what the grants admit,
// and another route may be taken where less is known: of labels, of the address dialled, of what else the port is listed
// for. So invariant 2 is asked here of the grants; of routes only where nothing but a name admits.

const RUNS = { numRuns: 2_000 };
/** Where few flows come to what is asked. */
const MORE = { numRuns: 6_000 };

const meshed = (set: ResourceSet): Registry => compile(set, 1);
const gatewayed = (set: ResourceSet): Registry => compile(set, 1, { ...GATEWAY, labels: GATEWAY_LABELS });

test('a route admits nothing: what is allowed with routes is allowed without, by the same grant', () => {
  let allowed = 0;
  fc.assert(
    fc.property(sets, meshFlows, worlds, ({ full, bare }, facts, world) => {
      const verdict = settle(meshed(full), facts, world);
      if (verdict.kind !== 'allow') return;
      allowed++;
      const without = settle(meshed(bare), facts, world);
      ok(without.kind === 'allow', shown({ facts, verdict, without }));
      equal(verdict.reason, without.reason);
      deepEqual(verdict.matched[0], without.matched[0]);
    }),
    RUNS,
  );
  ok(allowed > 200, `only ${allowed} allowances were looked at`);
});

test('what the grants refuse stays refused with less knowledge, whatever the routes', () => {
  let refused = 0;
  fc.assert(
    fc.property(sets, meshFlows, worlds, ({ full, bare }, facts, world) => {
      if (settle(meshed(bare), facts, world).kind !== 'deny') return;
      refused++;
      for (const less of [facts, ...withLess(facts)]) {
        notEqual(settle(meshed(full), less, world).kind, 'allow', shown({ facts, less }));
      }
    }),
    RUNS,
  );
  ok(refused > 200, `only ${refused} denials were looked at`);
});

test('where only names admit, no refusal is escaped by showing less', () => {
  let refused = 0;
  fc.assert(
    fc.property(sets, meshFlows, worlds, ({ full }, facts, world) => {
      const grants = full.grants.map((grant) => ({
        ...grant,
        ports: grant.ports.filter(({ protocol }) => protocol !== 'tcp'),
      }));
      const registry = meshed({ ...full, mode: undefined, grants });
      if (settle(registry, facts, world).kind !== 'deny') return;
      refused++;
      for (const evidence of lessEvidence(facts.evidence)) {
        notEqual(settle(registry, { ...facts, evidence }, world).kind, 'allow', shown({ facts, evidence }));
      }
    }),
    RUNS,
  );
  ok(refused > 200, `only ${refused} denials were looked at`);
});

test('at a gateway a grant is for the name that was said, or for where the route leads', () => {
  let granted = 0;
  fc.assert(
    fc.property(sets, gatewayFlows, worlds, ({ full }, facts, world) => {
      const registry = gatewayed(full);
      const verdict = settle(registry, facts, world, GATEWAY);
      if (verdict.kind !== 'allow' || facts.source.kind !== 'workload' || verdict.reason !== 'granted') return;
      granted++;
      const [by] = verdict.matched;
      const grant = full.grants.find(({ ref }) => ref.name === by?.name);
      ok(grant && sees(grant.visibleTo, facts.source.workload.namespace), 'one that the source sees');
      const spoken = nameIn(facts.evidence);
      const isNamed =
        spoken !== undefined &&
        grant.hosts.some((host) => hostMatches(host, spoken.name)) &&
        grant.ports.some(({ protocol }) => protocol === spoken.protocol);
      const [, , , leadsTo] = verdict.route.cluster.split('|');
      const isThere = grant.hosts.some((host) => patternText(host) === leadsTo);
      const listener = registry.listeners.get(facts.listener ?? facts.destination.port);
      const isDialled = facts.destination.ip !== undefined && (listener?.tcp !== undefined || isAddress(facts));
      ok(isNamed || isThere || isDialled, shown({ facts, verdict }));
    }),
    MORE,
  );
  ok(granted > 100, `only ${granted} allowances were looked at`);
});

test('a gateway that is told where the client dialled grants what the mesh grants', () => {
  let granted = 0;
  fc.assert(
    fc.property(sets, gatewayFlows, worlds, ({ full, bare }, facts, world) => {
      if (facts.destination.ip === undefined || facts.source.kind !== 'workload') return;
      const verdict = settle(gatewayed(full), facts, world, GATEWAY);
      if (verdict.kind !== 'allow') return;
      granted++;
      const { listener: _, ...beside } = facts;
      const mesh = settle(meshed(bare), beside, world);
      if (beside.evidence.kind === 'open' && mesh.kind === 'need') return;
      equal(mesh.kind, 'allow', shown({ facts, verdict, mesh }));
    }),
    MORE,
  );
  ok(granted > 100, `only ${granted} allowances were looked at`);
});

test('at a gateway what no route takes is refused, whoever asks and whatever the mode', () => {
  fc.assert(
    fc.property(sets, gatewayFlows, worlds, ({ full }, facts, world) => {
      notEqual(settle(gatewayed({ ...full, routeTables: [] }), facts, world, GATEWAY).kind, 'allow');
    }),
    RUNS,
  );
});

test('a source that is not known is refused, at both hops', () => {
  fc.assert(
    fc.property(sets, gatewayFlows, worlds, ({ full }, facts, world) => {
      const unknown = { ...facts, source: UNKNOWN };
      for (const verdict of [settle(gatewayed(full), unknown, world, GATEWAY), settle(meshed(full), unknown, world)]) {
        equal(verdict.kind === 'deny' && verdict.reason, 'source-unknown');
      }
    }),
  );
});

for (const { says, hop, flows, made } of [
  { says: 'beside a workload', hop: MESH as Hop, flows: meshFlows, made: meshed },
  { says: 'at a gateway', hop: GATEWAY as Hop, flows: gatewayFlows, made: gatewayed },
]) {
  test(`${says}: with the evidence open, a final verdict is that of every evidence`, () => {
    let final = 0;
    fc.assert(
      fc.property(sets, flows, evidences, worlds, ({ full }, facts, evidence, world) => {
        const registry = made(full);
        const early = settle(registry, { ...facts, evidence: OPEN }, world, hop);
        if (early.kind === 'need') return;
        final++;
        const late = settle(registry, { ...facts, evidence }, world, hop);
        equal(late.kind, early.kind, shown({ facts, evidence, early, late }));
        if (early.kind === 'allow' && late.kind === 'allow') deepEqual(waysOf(late), waysOf(early));
      }),
      RUNS,
    );
    ok(final > 200, `only ${final} early verdicts were looked at`);
  });

  test(`${says}: every question ends in a verdict, or in the evidence that is still open`, () => {
    fc.assert(
      fc.property(sets, flows, worlds, ({ full }, facts, world) => {
        const verdict = settle(made(full), facts, world, hop);
        if (verdict.kind === 'need') return equal(facts.evidence.kind, 'open');
        equal(new Set(verdict.dependsOn).size, verdict.dependsOn.length, 'each attribute once');
        if (verdict.kind === 'allow') {
          ok(verdict.dependsOn.includes('source'));
          ok(!verdict.split || verdict.split.every(({ weight }) => weight > 0));
        }
      }),
      RUNS,
    );
  });

  test(`${says}: another request that is the same in all that the verdict looked at has the same verdict`, () => {
    let leased = 0;
    fc.assert(
      fc.property(sets, flows, requests, requests, worlds, ({ full }, facts, evidence, other, world) => {
        const registry = made(full);
        const verdict = settle(registry, { ...facts, evidence }, world, hop);
        if (verdict.kind === 'need') return;
        const same = sameWhereLooked(evidence, other, verdict.dependsOn);
        if (JSON.stringify(same) === JSON.stringify(evidence)) return;
        leased++;
        deepEqual(settle(registry, { ...facts, evidence: same }, world, hop), verdict);
      }),
      RUNS,
    );
    ok(leased > 200, `only ${leased} pairs were looked at`);
  });
}

/** Where it may lead, and how. */
function waysOf(verdict: Extract<Verdict, { kind: 'allow' }>): unknown {
  return [verdict.route, verdict.split];
}

/** `other`, less all that a verdict on `evidence` depends on. */
function sameWhereLooked(evidence: Evidence, other: Evidence, looked: readonly Attribute[]): Evidence {
  if (evidence.kind !== 'http' || other.kind !== 'http') return evidence;
  const { request } = evidence;
  return {
    kind: 'http',
    request: {
      ...other.request,
      ...(looked.includes('http-host') ? { authority: request.authority } : {}),
      ...(looked.includes('http-path') ? { target: request.target } : {}),
      ...(looked.includes('http-method') ? { method: request.method } : {}),
      ...(looked.includes('http-headers') ? { headers: request.headers } : {}),
    },
  };
}

/** A request that names the very address that was dialled. */
function isAddress({ evidence, destination }: FlowFacts): boolean {
  const host = evidence.kind === 'http' ? evidence.request.authority?.host : undefined;
  return host?.kind === 'ip' && host.ip === destination.ip;
}

function nameIn(evidence: Evidence): { readonly name: Hostname; readonly protocol: 'http' | 'tls' } | undefined {
  const http = evidence.kind === 'http' ? evidence.request.authority?.host : undefined;
  if (http?.kind === 'name') return { name: http.name, protocol: 'http' };
  const sni =
    evidence.kind === 'tls' ? evidence.serverName : evidence.kind === 'tls-ech' ? evidence.outerName : undefined;
  return sni === undefined ? undefined : { name: sni, protocol: 'tls' };
}

/** The same flow with one thing less known. */
function withLess(facts: FlowFacts): readonly FlowFacts[] {
  const { source } = facts;
  const unlabelled: readonly FlowFacts[] =
    source.kind === 'workload'
      ? [{ ...facts, source: { kind: 'workload', workload: { ...source.workload, labels: undefined } } }]
      : [];
  return [
    ...lessEvidence(facts.evidence).map((evidence) => ({ ...facts, evidence })),
    ...unlabelled,
    ...withoutHeaders(facts),
    { ...facts, destination: { ...facts.destination, ip: undefined } },
    { ...facts, source: UNKNOWN },
  ];
}

function withoutHeaders({ evidence, ...facts }: FlowFacts): readonly FlowFacts[] {
  if (evidence.kind !== 'http') return [];
  return [{ ...facts, evidence: { kind: 'http', request: { ...evidence.request, headers: [] } } }];
}

function shown(what: Readonly<Record<string, FlowFacts | Evidence | Verdict | Need | World>>): string {
  return JSON.stringify(what, (_key, value: unknown) => (value instanceof Map ? Object.fromEntries(value) : value));
}
