import { SETS } from './contract.ts';
import { type Inspected, OUR_SETS } from './inspect.ts';
import { LOCK_WAIT_SECONDS } from './lock.ts';
import { flushConnections } from './netfilter/conntrack.ts';
import { destroySet, restoreSets } from './netfilter/ipset.ts';
import { type Backend, restore } from './netfilter/iptables.ts';
import { bringUp, isUp } from './netfilter/link.ts';
import { testPlan } from './preflight.ts';
import { type Place, restoreText, setsText } from './render.ts';
import type { Plan, SetSpec } from './rules/rule.ts';
import { compare, jumpsIn, PLACES, savedTable } from './state.ts';

type Step = { readonly name: string; readonly run: () => Promise<void> };

/**
 * Programs the plan, step by step; a stop after any of them leaves the namespace as it was or closed, and the next
 * apply repairs it. Gate first: everything refused. nat next: captured traffic opens. Then connections that are older
 * than the rules are forgotten. The record is the last: with it there, and all rules in place, nothing but the port set
 * needs to be written, and live flows go on. Throws ToolFailure or InitFailure.
 */
export async function apply(plan: Plan, record: SetSpec, before: Inspected, backend: Backend): Promise<void> {
  const complete = before.recordIs(record) && compare(plan, before, backend).wrong.length === 0;
  const steps = complete ? repeatSteps(plan, before) : firstSteps(plan, record, before, backend);
  for (const step of steps) await step.run();
}

function repeatSteps(plan: Plan, before: Inspected): readonly Step[] {
  return [
    { name: 'lo', run: loopbackUp },
    { name: 'sets', run: () => programSets(plan.sets, before) },
  ];
}

function firstSteps(plan: Plan, record: SetSpec, before: Inspected, backend: Backend): readonly Step[] {
  return [
    { name: 'lo', run: loopbackUp },
    { name: 'sets', run: () => programSets(plan.sets, before) },
    { name: 'test', run: () => test(plan, before, backend) },
    { name: 'old record', run: () => (before.sets.has(record.name) ? destroySet(record.name) : Promise.resolve()) },
    ...PLACES.filter(({ family }) => plan.families.includes(family)).map((place) => ({
      name: `${place.table} v${place.family}`,
      run: () => programTable(plan, before, backend, place),
    })),
    { name: 'conntrack', run: flushConnections },
    { name: 'old sets', run: () => dropOldSets(plan, before) },
    { name: 'record', run: () => restoreSets(setsText([record])) },
  ];
}

/** With lo down a captured connect runs into its time-out instead of an answer. */
async function loopbackUp(): Promise<void> {
  if (!(await isUp('lo'))) await bringUp('lo');
}

async function programSets(sets: readonly SetSpec[], before: Inspected): Promise<void> {
  if (before.sets.has(SETS.beside)) await destroySet(SETS.beside); // an apply was stopped half way
  await orWithoutSets(sets, before, () => restoreSets(setsText(sets)));
}

/** What the kernel lacks shows only now, as rules name sets. */
async function test(plan: Plan, before: Inspected, backend: Backend): Promise<void> {
  await orWithoutSets(plan.sets, before, () => testPlan(plan, backend));
}

/** No rule refers to them yet: if this fails, sets that were not there before go again. */
async function orWithoutSets(sets: readonly SetSpec[], before: Inspected, run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (thrown) {
    const made = [...sets.map(({ name }) => name), SETS.beside].filter((name) => !before.sets.has(name));
    for (const name of made) await destroySet(name).catch(() => undefined); // it may not have come to that one
    throw thrown;
  }
}

async function programTable(plan: Plan, before: Inspected, backend: Backend, place: Place): Promise<void> {
  const { present, first } = jumpsIn(savedTable(before.survey, backend, place));
  const text = restoreText(plan, place, present, first);
  await restore({ family: place.family, backend }, text, LOCK_WAIT_SECONDS);
}

/** Sets of an earlier apply with other options; no rule refers to them any more. */
async function dropOldSets(plan: Plan, before: Inspected): Promise<void> {
  const wanted = plan.sets.map(({ name }) => name);
  const gone: readonly string[] = [SETS.beside, SETS.record];
  const old = OUR_SETS.filter((name) => !gone.includes(name) && before.sets.has(name) && !wanted.includes(name));
  for (const name of old) await destroySet(name);
}
