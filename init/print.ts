import type { PlanOptions } from './options.ts';
import { humanText, jumpText, restoreText, ruleText, setsText, undoText } from './render.ts';
import { notCaptured } from './rules/not-captured.ts';
import type { Plan } from './rules/rule.ts';
import { PLACES } from './state.ts';

/** What apply would feed to which tool in an empty namespace, in that order, as one readable text. */
export function printText(plan: Plan, options: PlanOptions): string {
  const tables = places(plan).map(
    (place) => `# ${tool(place.family)} --noflush\n${restoreText(plan, place, [], false)}`,
  );
  const end = `# conntrack -F\n\n# NOT captured: ${notCaptured(options)}\n`;
  return [`# ipset restore -exist\n${setsText(plan.sets)}`, ...tables, end].join('\n');
}

/** The same as one object; `rules` explains each line, `undo` is what remove would feed. */
export function printObject(plan: Plan, options: PlanOptions): Record<string, unknown> {
  return {
    sets: setsText(plan.sets),
    restore: places(plan).map((place) => ({ ...place, text: restoreText(plan, place, [], false) })),
    undo: places(plan)
      .toReversed()
      .map((place) => ({ ...place, text: undo(plan, place) })),
    rules: plan.rules.map((rule) => ({
      text: ruleText(rule),
      family: rule.family,
      table: rule.table,
      says: humanText(rule),
    })),
    notCaptured: notCaptured(options),
  };
}

function places(plan: Plan) {
  return PLACES.filter(({ family }) => plan.families.includes(family));
}

function tool(family: 4 | 6): string {
  return family === 4 ? 'iptables-restore' : 'ip6tables-restore';
}

function undo(plan: Plan, place: (typeof PLACES)[number]): string {
  const jumps = plan.jumps.filter(({ family, table }) => family === place.family && table === place.table);
  return undoText(
    place.table,
    jumps.map(({ to }) => to),
    jumps.map(jumpText),
  );
}
