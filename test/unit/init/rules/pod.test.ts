import assert from 'node:assert/strict';
import { test } from 'node:test';
import { podPlan } from '../../../../init/rules/pod.ts';
import { optionsOf } from '../options-fixture.ts';
import { planOf } from './plans.ts';

test('one jump for each family and table, from OUTPUT alone', async () => {
  const { jumps } = await planOf('--exclude-uids', '7');
  assert.deepEqual(
    jumps.map(({ family, table, from, to }) => `${family} ${table} ${from} ${to}`),
    ['4 filter OUTPUT WEIR_GATE', '4 nat OUTPUT WEIR_OUTPUT', '6 filter OUTPUT WEIR_GATE', '6 nat OUTPUT WEIR_OUTPUT'],
  );
});

test('both families get the same chains, line by line for the same purpose', async () => {
  const { rules } = await planOf(
    '--exclude-ports',
    '22',
    '--exclude-uids',
    '7',
    '--cluster-cidr',
    '198.18.0.0/15,fd00::/8',
  );
  const purposes = (family: 4 | 6) =>
    rules.filter((rule) => rule.family === family).map(({ table, purpose }) => `${table} ${purpose}`);
  assert.deepEqual(purposes(4), purposes(6));
});

test('a kernel without v6 gets no v6 rules and sets', async () => {
  const plan = podPlan([4], (await optionsOf('print', '--cluster-cidr', 'fd00::/8')).plan);
  assert.ok(plan.rules.every(({ family }) => family === 4) && plan.jumps.length === 2);
  assert.deepEqual(
    plan.sets.map(({ name }) => name),
    ['weir-ports'],
  );
});
