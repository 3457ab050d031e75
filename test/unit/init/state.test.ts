import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SavedTables } from '../../../init/netfilter/saved.ts';
import { parseSaved } from '../../../init/netfilter/saved.ts';
import { restoreText } from '../../../init/render.ts';
import {
  backendsWithOurs,
  compare,
  familyInPlace,
  jumpsIn,
  PLACES,
  type State,
  savedTable,
} from '../../../init/state.ts';
import { planOf } from './rules/plans.ts';

const EMPTY: SavedTables = { tables: [], unreadable: [] };
const plan = await planOf('--cluster-cidr', '198.18.0.0/15');
const sets = new Map([
  ['weir-ports', ['80']],
  ['weir-cluster4', ['198.18.0.0/15']],
]);

/** What iptables-nft-save would print after apply, line by line changed by `edit`. */
function stateWith(edit: (line: string) => string | undefined, held = sets): State {
  const saved = (family: 4 | 6) =>
    parseSaved(
      PLACES.filter((place) => place.family === family)
        .map((place) => restoreText(plan, place, [], false))
        .join('')
        .replaceAll('-I OUTPUT 1', '-A OUTPUT')
        .split('\n')
        .flatMap((line) => edit(line) ?? [])
        .join('\n'),
    );
  return { survey: { nft: { 4: saved(4), 6: saved(6) }, legacy: { 4: EMPTY, 6: EMPTY } }, sets: held };
}

const asIs = (line: string) => line;
const complete = compare(plan, stateWith(asIs), 'nft');

test('what was applied compares equal, whatever the port set holds by now', () => {
  assert.deepEqual(complete.wrong, []);
  assert.equal(complete.present, plan.rules.length + plan.jumps.length + plan.sets.length);
});

test('each rule and each jump that goes missing is noticed, and named', () => {
  const lines = new Set([...plan.rules, ...plan.jumps].map(({ purpose }) => `"weir: ${purpose}"`));
  for (const purpose of lines) {
    const { wrong } = compare(
      plan,
      stateWith((line) => (line.includes(purpose) ? undefined : line)),
      'nft',
    );
    assert.ok(
      wrong.some((text) => text.startsWith('missing: v4') || text.startsWith('missing: v6')),
      purpose,
    );
  }
});

const cases = [
  {
    says: 'a foreign rule in our chain',
    edit: (line: string) => (line.includes('-o lo') ? [line, '-A WEIR_GATE -j ACCEPT'].join('\n') : line),
    has: /^not ours: v4 filter: -A WEIR_GATE -j ACCEPT$/m,
  },
  {
    says: 'a foreign rule ahead of the jump',
    edit: (line: string) => (line.includes('-j WEIR_GATE') ? `-A OUTPUT -j ACCEPT\n${line}` : line),
    has: /^not the one and first rule of OUTPUT: v4 filter/m,
  },
  {
    says: 'a jump that stands twice',
    edit: (line: string) => (line.includes('-j WEIR_GATE') ? `${line}\n${line}` : line),
    has: /^not the one and first rule/m,
  },
];
for (const { says, edit, has } of cases) {
  test(`noticed: ${says}`, () => {
    const { wrong } = compare(plan, stateWith(edit), 'nft');
    assert.match(wrong.join('\n'), has);
  });
}

test('another order of the same rules is noticed', () => {
  const state = stateWith(asIs);
  const table = savedTable(state.survey, 'nft', { family: 4, table: 'filter' });
  const turned = { ...table, rules: table.rules.toReversed() };
  const survey = { ...state.survey, nft: { ...state.survey.nft, 4: { tables: [turned], unreadable: [] } } };
  assert.match(compare(plan, { ...state, survey }, 'nft').wrong.join('\n'), /in another order: v4 filter WEIR_GATE/);
});

test('a set that is missing, or holds something else', () => {
  const other = new Map([['weir-cluster4', ['203.0.113.0/24']]]);
  assert.deepEqual(compare(plan, stateWith(asIs, other), 'nft').wrong, [
    'missing: set weir-ports',
    'differs: content of set weir-cluster4',
  ]);
});

test('one family in place says nothing about the other', () => {
  const state = stateWith((line) => (line.includes('::1') ? undefined : line));
  assert.equal(familyInPlace(plan, state, 'nft', 4), true);
  assert.equal(familyInPlace(plan, state, 'nft', 6), false);
  assert.deepEqual(backendsWithOurs(state.survey), ['nft']);
});

test('a foreign jump into our chain is not ours to take away', () => {
  const table = { name: 'filter', chains: [], rules: [{ chain: 'OUTPUT', text: '-A OUTPUT -j WEIR_GATE' }] };
  assert.deepEqual(jumpsIn(table), { present: [], first: false });
});
