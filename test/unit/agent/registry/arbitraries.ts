import * as fc from 'fast-check';
import type { IpAddress } from '../../../../agent/model/address.ts';
import type { Evidence } from '../../../../agent/model/evidence.ts';
import type { FlowFacts, Hop } from '../../../../agent/model/flow.ts';
import type { Hostname } from '../../../../agent/model/hostname.ts';
import type { Decision, Need, Verdict } from '../../../../agent/model/verdict.ts';
import type { Registry } from '../../../../agent/registry/compile.ts';
import { decide } from '../../../../agent/registry/decide.ts';
import {
  assumed,
  ech,
  flow,
  HTTP2,
  http,
  ip,
  MESH,
  OPAQUE,
  OPEN,
  registryOf,
  type Said,
  SILENT,
  tls,
} from './builders.ts';

// A world small enough that random rules and random flows meet often.

export const NAMES = ['a.test', 'b.test', 'x.a.test', 'y.x.a.test'];
export const PATTERNS = [...NAMES, '*.a.test', '*.x.a.test', '*.test'];
export const IPS = ['203.0.113.1', '203.0.113.2', '198.18.0.1', '2001:db8::1'];
export const CIDRS = ['203.0.113.1/32', '203.0.113.0/24', '0.0.0.0/0', '2001:db8::/32'];
export const PORTS = [80, 443];
export const NAMESPACES = ['shop', 'bank'];

export const subset = <T>(all: readonly T[], minLength = 0) => fc.subarray([...all], { minLength });

export const said: fc.Arbitrary<Said> = fc.record({
  name: fc.constantFrom('one', 'two', 'three'),
  namespace: fc.constantFrom(...NAMESPACES),
  to: fc.oneof(fc.constant('all' as const), subset(NAMESPACES, 1)),
  hosts: subset(PATTERNS, 1).map((hosts) => hosts.slice(0, 2)),
  addresses: subset(CIDRS),
  ports: subset(
    PORTS.flatMap((port) => [`${port} http`, `${port} tls`, `${port} tcp`, `${port} tcp 8443`]),
    1,
  ),
  reach: fc.oneof(fc.constantFrom('original' as const, 'resolve' as const), subset([...IPS, 'b.test'])),
});

export const modes = fc.constantFrom(undefined, 'REGISTRY_ONLY' as const, 'ALLOW_ANY' as const);

export const registries: fc.Arbitrary<Registry> = fc
  .tuple(fc.array(said, { maxLength: 5 }), modes)
  .map(([grants, mode]) => registryOf(grants, mode));

const hosts = fc.oneof(
  fc.constantFrom(...NAMES, 'c.test'),
  fc.tuple(fc.constantFrom(...NAMES), fc.constantFrom(...PORTS, 81)).map(([name, port]) => `${name}:${port}`),
  fc.constantFrom('203.0.113.1', '203.0.113.1:80', '[2001:db8::1]', '[2001:db8::1]:443'),
);
const names = fc.constantFrom(undefined, ...NAMES, 'c.test');

/** Everything that first bytes can show; never `open`. */
export const shown: fc.Arbitrary<Evidence> = fc.oneof(
  fc.option(hosts, { nil: undefined }).map(http),
  names.map(tls),
  names.map(ech),
  fc.constantFrom(HTTP2, OPAQUE, SILENT),
);

/** The truth about every name. */
export type World = ReadonlyMap<Hostname, readonly IpAddress[]>;

export const worlds: fc.Arbitrary<World> = fc
  .array(subset(IPS), { minLength: NAMES.length, maxLength: NAMES.length })
  .map((all) => new Map(NAMES.map((name, at) => [name as Hostname, (all[at] ?? []).map(ip)]))); // NAMES are in canonical form

export function answersOf(world: World, known: readonly Hostname[]): FlowFacts['answers'] {
  return { kind: 'resolved', byName: new Map(known.map((name) => [name, world.get(name) ?? []])) };
}

export const flows: fc.Arbitrary<FlowFacts> = fc
  .record({
    to: fc.constantFrom(...IPS.map((each) => (each.includes(':') ? `[${each}]` : each)), ''),
    port: fc.constantFrom(...PORTS, 81),
    evidence: shown,
    answers: fc.oneof(
      fc.constant(undefined),
      fc.constantFrom(null, ...NAMES).map(assumed),
      fc.tuple(worlds, subset(NAMES)).map(([world, known]) => answersOf(world, known as Hostname[])), // canonical form
    ),
    namespace: fc.constantFrom(...NAMESPACES, 'elsewhere'),
  })
  .map(({ to, port, evidence, answers, namespace }) => flow(`${to}:${port}`, evidence, answers, namespace));

/** Asks until there is a verdict, as the pipeline does: with the truth for each name that is needed. */
export function settle(registry: Registry, facts: FlowFacts, world: World, hop: Hop = MESH): Verdict | Need {
  let asked: FlowFacts = facts;
  for (let rounds = 0; rounds < 20; rounds++) {
    const decision: Decision = decide(registry, hop, asked);
    if (decision.kind !== 'need' || !decision.attributes.includes('answers')) return decision;
    const known = asked.answers?.kind === 'resolved' ? [...asked.answers.byName.keys()] : [];
    asked = { ...asked, answers: answersOf(world, [...known, ...decision.names]) };
  }
  throw new Error('still in need after 20 rounds');
}

/** The same with less of it known. */
export function lessEvidence(evidence: Evidence): readonly Evidence[] {
  const nothing: readonly Evidence[] = [OPEN, OPAQUE, SILENT];
  switch (evidence.kind) {
    case 'http':
      return [...nothing, { ...evidence, request: { ...evidence.request, authority: undefined } }];
    case 'tls':
      return [...nothing, { ...evidence, serverName: undefined }];
    case 'tls-ech':
      return [...nothing, { ...evidence, outerName: undefined }];
    case 'open':
    case 'http2':
    case 'opaque':
    case 'silent':
      return nothing;
  }
}
