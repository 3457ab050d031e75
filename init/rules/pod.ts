import type { Family } from '../../agent/model/address.ts';
import { CHAINS } from '../contract.ts';
import type { PlanOptions } from '../options.ts';
import { captureRules } from './capture.ts';
import { gateRules } from './gate.ts';
import type { Jump, Plan } from './rule.ts';
import { setsOf } from './sets.ts';

/** Scope pod, mode redirect: both families get the same treatment, first packet to last. */
export function podPlan(families: readonly Family[], options: PlanOptions): Plan {
  return {
    families,
    sets: setsOf(families, options),
    jumps: families.flatMap(jumpsOf),
    rules: families.flatMap((family) => [...gateRules(family, options), ...captureRules(family, options)]),
  };
}

function jumpsOf(family: Family): readonly Jump[] {
  return [
    { family, table: 'filter', from: 'OUTPUT', to: CHAINS.gate, purpose: 'nothing leaves past the gate' },
    { family, table: 'nat', from: 'OUTPUT', to: CHAINS.natOutput, purpose: 'capture what leaves' },
  ];
}
