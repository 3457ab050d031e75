import { ruleText } from '../../../../init/render.ts';
import { podPlan } from '../../../../init/rules/pod.ts';
import type { Plan, Table } from '../../../../init/rules/rule.ts';
import { optionsOf } from '../options-fixture.ts';

/** The plan of a command line, both families. */
export async function planOf(...argv: readonly string[]): Promise<Plan> {
  return podPlan([4, 6], (await optionsOf('print', ...argv)).plan);
}

/** The lines of one chain without `-A CHAIN` and comment: what matches, and what is done. */
export async function linesOf(family: 4 | 6, table: Table, ...argv: readonly string[]): Promise<readonly string[]> {
  const plan = await planOf(...argv);
  return plan.rules
    .filter((rule) => rule.family === family && rule.table === table)
    .map((rule) =>
      ruleText(rule)
        .replace(/^-A \S+ /, '')
        .replace(/-m comment --comment "[^"]*" /, ''),
    );
}
