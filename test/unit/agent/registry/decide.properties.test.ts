import { deepEqual, equal, notEqual, ok } from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { FlowFacts } from '../../../../agent/model/flow.ts';
import { decide } from '../../../../agent/registry/decide.ts';
import { answersOf, flows, lessEvidence, registries, settle, shown, worlds } from './arbitraries.ts';
import { assumed, MESH, OPEN, SILENT } from './builders.ts';

const RUNS = { numRuns: 2_000 };

test('removing knowledge never turns deny into allow', () => {
  let denied = 0;
  fc.assert(
    fc.property(registries, flows, (registry, facts) => {
      if (decide(registry, MESH, facts).kind !== 'deny') return;
      denied++;
      for (const less of withLess(facts)) {
        const decision = decide(registry, MESH, less);
        notEqual(decision.kind, 'allow', JSON.stringify({ facts, less, decision }, jsonOf));
      }
    }),
    RUNS,
  );
  ok(denied > 200, `only ${denied} denials were looked at`);
});

test('nor does it once everything that is needed has been answered truly', () => {
  fc.assert(
    fc.property(registries, flows, worlds, (registry, facts, world) => {
      const whole = { ...facts, answers: undefined };
      if (settle(registry, whole, world).kind !== 'deny') return;
      for (const less of withLess(whole)) {
        const decision = settle(registry, less, world);
        notEqual(decision.kind, 'allow', JSON.stringify({ whole, less, decision }, jsonOf));
      }
    }),
    RUNS,
  );
});

test('answers that nobody asked for change no verdict', () => {
  fc.assert(
    fc.property(registries, flows, worlds, (registry, facts, world) => {
      const asked = { ...facts, answers: undefined };
      const told = { ...facts, answers: answersOf(world, [...world.keys()]) };
      deepEqual(settle(registry, told, world), settle(registry, asked, world));
    }),
    RUNS,
  );
});

test('with the evidence open, a final verdict is that of every evidence', () => {
  let final = 0;
  fc.assert(
    fc.property(registries, flows, shown, worlds, (registry, facts, evidence, world) => {
      const open = { ...facts, answers: undefined, evidence: OPEN };
      const early = settle(registry, open, world);
      if (early.kind === 'need') return;
      final++;
      const late = settle(registry, { ...open, evidence }, world);
      ok(late.kind !== 'need', 'evidence leaves nothing but answers to ask for');
      equal(late.kind, early.kind);
      if (early.kind === 'allow' && late.kind === 'allow') deepEqual(late.route, early.route);
    }),
    RUNS,
  );
  ok(final > 200, `only ${final} early verdicts were looked at`);
});

test('what may pass without a name does, and what may not does not', () => {
  fc.assert(
    fc.property(registries, flows, worlds, (registry, facts, world) => {
      const open = decide(registry, MESH, { ...facts, answers: undefined, evidence: OPEN });
      if (open.kind !== 'need' || open.attributes.includes('answers')) return;
      const silent = settle(registry, { ...facts, answers: undefined, evidence: SILENT }, world);
      if (silent.kind === 'allow') ok(open.admissibleWithout);
    }),
    RUNS,
  );
});

test('every question ends in a verdict, also if no name has an address', () => {
  fc.assert(
    fc.property(registries, flows, (registry, facts) => {
      const verdict = settle(registry, facts, new Map());
      ok(verdict.kind === 'allow' || verdict.kind === 'deny');
      ok(verdict.dependsOn.includes('source'));
      equal(new Set(verdict.dependsOn).size, verdict.dependsOn.length, 'each attribute once');
    }),
    RUNS,
  );
});

test('explain never needs more than it has', () => {
  fc.assert(
    fc.property(registries, flows, fc.constantFrom(null, 'a.test', 'c.test'), (registry, facts, name) => {
      notEqual(decide(registry, MESH, { ...facts, answers: assumed(name) }).kind, 'need');
    }),
    RUNS,
  );
});

/** The same flow with one thing less known. */
function withLess(facts: FlowFacts): readonly FlowFacts[] {
  return [
    ...lessEvidence(facts.evidence).map((evidence) => ({ ...facts, evidence })),
    { ...facts, destination: { ...facts.destination, ip: undefined } },
    { ...facts, source: { kind: 'unknown' } },
    ...lessAnswers(facts).map((answers) => ({ ...facts, answers })),
  ];
}

/** An assumption of explain has no part that could be missing: the address is one of a name, or of none. */
function lessAnswers({ answers }: FlowFacts): readonly FlowFacts['answers'][] {
  if (answers?.kind !== 'resolved') return answers ? [assumed(null)] : [];
  const without = [...answers.byName.keys()].map((gone): FlowFacts['answers'] => ({
    kind: 'resolved',
    byName: new Map([...answers.byName].filter(([name]) => name !== gone)),
  }));
  const empty = [...answers.byName.keys()].map((gone): FlowFacts['answers'] => ({
    kind: 'resolved',
    byName: new Map([...answers.byName, [gone, []]]),
  }));
  return [undefined, ...without, ...empty];
}

function jsonOf(_key: string, value: unknown): unknown {
  if (value instanceof Map) return Object.fromEntries(value);
  return value instanceof Set ? [...value] : value;
}
