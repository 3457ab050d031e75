import { parseCidr } from '../agent/model/cidr.ts';
import { CHAINS, SETS } from './contract.ts';
import type { Survey } from './netfilter/backend.ts';
import type { Backend, Family } from './netfilter/iptables.ts';
import { type SavedTable, tableOf } from './netfilter/saved.ts';
import { humanText, jumpText, type Place, ruleText } from './render.ts';
import type { Plan, SetSpec } from './rules/rule.ts';
import { cidrText } from './rules/sets.ts';

/** What stands in a namespace: both backends, and the elements of those of our sets that exist. */
export type State = { readonly survey: Survey; readonly sets: ReadonlyMap<string, readonly string[]> };

/** `present` counts what is ours and right; `wrong` names each thing that is missing, differs or is foreign. */
export type Comparison = { readonly present: number; readonly wrong: readonly string[] };

export const PLACES: readonly Place[] = [
  { family: 4, table: 'filter' },
  { family: 6, table: 'filter' },
  { family: 4, table: 'nat' },
  { family: 6, table: 'nat' },
];

export const OUR_CHAINS: readonly string[] = Object.values(CHAINS);

/** Pure: what the plan wants against what stands there in that backend. */
export function compare(plan: Plan, state: State, backend: Backend): Comparison {
  const parts = [
    ...plan.sets.map((set) => compareSet(set, state.sets.get(set.name))),
    ...PLACES.filter(({ family }) => plan.families.includes(family)).map((place) =>
      compareTable(plan, place, savedTable(state.survey, backend, place)),
    ),
  ];
  return { present: parts.reduce((sum, part) => sum + part.present, 0), wrong: parts.flatMap((part) => part.wrong) };
}

/** Whether everything of one family's tables is in place. */
export function familyInPlace(plan: Plan, state: State, backend: Backend, family: Family): boolean {
  return PLACES.filter((place) => place.family === family).every(
    (place) => compareTable(plan, place, savedTable(state.survey, backend, place)).wrong.length === 0,
  );
}

/** The saved lines of ours that lead into our chains, and whether the only one is the first of OUTPUT. */
export function jumpsIn(table: SavedTable): { readonly present: readonly string[]; readonly first: boolean } {
  const leads = (text: string) =>
    text.includes('--comment "weir: ') && OUR_CHAINS.some((chain) => text.endsWith(` -j ${chain}`));
  const present = table.rules.filter(({ text }) => leads(text)).map(({ text }) => text);
  const head = table.rules.find(({ chain }) => chain === 'OUTPUT')?.text;
  return { present, first: present.length === 1 && present[0] === head };
}

export function savedTable(survey: Survey, backend: Backend, place: Place): SavedTable {
  return tableOf(survey[backend][place.family], place.table);
}

/** Where anything of ours stands: which backends have one of our chains. */
export function backendsWithOurs(survey: Survey): readonly Backend[] {
  return (['nft', 'legacy'] as const).filter((backend) =>
    PLACES.some((place) => savedTable(survey, backend, place).chains.some((chain) => OUR_CHAINS.includes(chain))),
  );
}

function compareTable(plan: Plan, place: Place, table: SavedTable): Comparison {
  const inPlace = (item: Place) => item.family === place.family && item.table === place.table;
  const wrong: string[] = [];
  let present = 0;
  for (const jump of plan.jumps.filter(inPlace)) {
    const { present: jumps, first } = jumpsIn(table);
    if (first && jumps[0] === jumpText(jump)) present++;
    else if (jumps.length === 0) wrong.push(`missing: ${humanText(jump)}`);
    else wrong.push(`not the one and first rule of ${jump.from}: ${humanText(jump)}`);
    const wanted = plan.rules.filter((rule) => inPlace(rule) && rule.chain === jump.to);
    const found = table.rules.filter(({ chain }) => chain === jump.to).map(({ text }) => text);
    const left = [...found];
    for (const rule of wanted) {
      const at = left.indexOf(ruleText(rule));
      if (at === -1) wrong.push(`missing: ${humanText(rule)}: ${ruleText(rule)}`);
      else {
        left.splice(at, 1);
        present++;
      }
    }
    wrong.push(...left.map((text) => `not ours: v${place.family} ${place.table}: ${text}`));
    const ordered = wanted.every((rule, at) => found[at] === ruleText(rule));
    if (!ordered && found.length === wanted.length && left.length === 0) {
      wrong.push(`in another order: v${place.family} ${place.table} ${jump.to}`);
    }
  }
  return { present, wrong };
}

/** The port set's content is the agent's business once it runs; the others hold what was asked for. */
function compareSet(set: SetSpec, found: readonly string[] | undefined): Comparison {
  if (found === undefined) return { present: 0, wrong: [`missing: set ${set.name}`] };
  if (set.name === SETS.ports || set.name === SETS.record) return { present: 1, wrong: [] };
  const there = new Set(found.map(canonical));
  const same = there.size === set.members.length && set.members.every((member) => there.has(member));
  return same ? { present: 1, wrong: [] } : { present: 0, wrong: [`differs: content of set ${set.name}`] };
}

function canonical(element: string): string {
  const cidr = parseCidr(element);
  return cidr === undefined ? element : cidrText(cidr);
}
