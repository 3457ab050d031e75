import type { Family } from '../agent/model/address.ts';
import { SETS } from './contract.ts';
import type { Jump, Plan, Rule, SetSpec, Table } from './rules/rule.ts';

/** A table of ours in one family, and how it stands in the kernel now. */
export type Place = { readonly family: Family; readonly table: Table };

/** The rule's line as iptables-save prints it; the restore text and the check list are made of these. */
export function ruleText(rule: Rule): string {
  return ['-A', rule.chain, ...rule.match, comment(rule.purpose), '-j', rule.target].join(' ');
}

/** The jump's line as iptables-save prints it. */
export function jumpText(jump: Jump): string {
  return `-A ${jump.from} ${jumpSpec(jump)}`;
}

/**
 * One table for iptables-restore --noflush. `present` are the jumps to our chain that the kernel holds now, as saved
 * lines, and `first` whether the only one of them leads its chain: then the jump is not touched.
 */
export function restoreText(plan: Plan, place: Place, present: readonly string[], first: boolean): string {
  const inPlace = (item: Place) => item.family === place.family && item.table === place.table;
  const lines = plan.jumps
    .filter(inPlace)
    .flatMap((jump) => [
      `:${jump.to} - [0:0]`,
      `-F ${jump.to}`,
      ...plan.rules.filter((rule) => inPlace(rule) && rule.chain === jump.to).map(ruleText),
      ...(first ? [] : [...present.map(deletion), `-I ${jump.from} 1 ${jumpSpec(jump)}`]),
    ]);
  return block(place.table, lines);
}

/** Takes away the jumps that are there, then the chains. */
export function undoText(table: Table, chains: readonly string[], present: readonly string[]): string {
  return block(table, [
    ...present.map(deletion),
    ...chains.map((chain) => `-F ${chain}`),
    ...chains.map((chain) => `-X ${chain}`),
  ]);
}

/**
 * For `ipset restore -exist`. A set that rules refer to cannot be destroyed, so a new one is filled beside it and
 * swapped in, which is atomic: a re-apply never shows a half-filled set.
 */
export function setsText(sets: readonly SetSpec[]): string {
  return sets
    .flatMap(({ name, create, members }) => [
      `create ${name} ${create}`,
      `create ${SETS.beside} ${create}`,
      `flush ${SETS.beside}`,
      ...members.map((member) => `add ${SETS.beside} ${member}`),
      `swap ${SETS.beside} ${name}`,
      `destroy ${SETS.beside}`,
    ])
    .map((line) => `${line}\n`)
    .join('');
}

/** One line a rule, for people: `v4 filter WEIR_GATE: loopback and own addresses`. */
export function humanText(rule: Rule | Jump): string {
  const chain = 'chain' in rule ? rule.chain : `${rule.from} to ${rule.to}`;
  return `v${rule.family} ${rule.table} ${chain}: ${rule.purpose}`;
}

function jumpSpec(jump: Jump): string {
  return `${comment(jump.purpose)} -j ${jump.to}`;
}

function comment(purpose: string): string {
  return `-m comment --comment "weir: ${purpose}"`;
}

function deletion(savedLine: string): string {
  return savedLine.replace(/^-A /, '-D ');
}

function block(table: Table, lines: readonly string[]): string {
  return `*${table}\n${lines.map((line) => `${line}\n`).join('')}COMMIT\n`;
}
