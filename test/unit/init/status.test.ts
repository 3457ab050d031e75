import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Inspected } from '../../../init/inspect.ts';
import { parseSaved } from '../../../init/netfilter/saved.ts';
import { exitOf, statusOf } from '../../../init/status.ts';
import { planOf } from './rules/plans.ts';

const none = parseSaved('');
const ours = parseSaved('*filter\n:WEIR_GATE - [0:0]\nCOMMIT\n');
const plan = await planOf();

function found(nft: typeof none, legacy: typeof none, names: readonly string[] = []): Inspected {
  const sets = new Map(names.map((name) => [name, []]));
  const survey = { nft: { 4: nft, 6: none }, legacy: { 4: legacy, 6: none } };
  return { survey, sets, families: [4, 6], recorded: undefined, recordIs: () => false };
}

test('no chain of ours: none, 1, and sets that were left are named', () => {
  const status = statusOf(plan, found(none, none, ['weir-ports']));
  assert.deepEqual(status, { inPlace: 'none', backend: undefined, wrong: ['left over: set weir-ports'] });
  assert.equal(exitOf(status), 1);
});

test('a chain alone is part, 126', () => {
  const status = statusOf(plan, found(ours, none));
  assert.equal(status.inPlace, 'part');
  assert.equal(exitOf(status), 126);
});

test('ours in both backends is named first', () => {
  assert.match(statusOf(plan, found(ours, ours)).wrong[0] ?? '', /both backends: nft, legacy/);
});

test('all is 0', () => assert.equal(exitOf({ inPlace: 'all', backend: 'nft', wrong: [] }), 0));
