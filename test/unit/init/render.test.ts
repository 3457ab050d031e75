import assert from 'node:assert/strict';
import { test } from 'node:test';
import { humanText, jumpText, restoreText, ruleText, setsText, undoText } from '../../../init/render.ts';
import type { Plan } from '../../../init/rules/rule.ts';

const plan: Plan = {
  families: [4, 6],
  sets: [{ name: 'weir-cluster4', create: 'hash:net family inet', members: ['198.18.0.0/15'] }],
  jumps: [{ family: 4, table: 'nat', from: 'OUTPUT', to: 'WEIR_OUTPUT', purpose: 'capture' }],
  rules: [
    { family: 4, table: 'nat', chain: 'WEIR_OUTPUT', match: ['-o lo'], target: 'RETURN', purpose: 'loopback' },
    { family: 6, table: 'nat', chain: 'WEIR_OUTPUT', match: [], target: 'ACCEPT', purpose: 'of another family' },
    { family: 4, table: 'filter', chain: 'WEIR_GATE', match: [], target: 'ACCEPT', purpose: 'of another table' },
  ],
};
const place = { family: 4, table: 'nat' } as const;
const jump = '-A OUTPUT -m comment --comment "weir: capture" -j WEIR_OUTPUT';
const chain =
  '*nat\n:WEIR_OUTPUT - [0:0]\n-F WEIR_OUTPUT\n-A WEIR_OUTPUT -o lo -m comment --comment "weir: loopback" -j RETURN\n';

test('an empty namespace: chain, rules, the jump as first rule, in one transaction', () => {
  assert.equal(restoreText(plan, place, [], false), `${chain}${jump.replace('-A OUTPUT', '-I OUTPUT 1')}\nCOMMIT\n`);
});

test('the jump stands first: it is not touched', () => {
  assert.equal(restoreText(plan, place, [jump], true), `${chain}COMMIT\n`);
});

test('the jump stands elsewhere, or twice: taken away and put first', () => {
  const away = jump.replace('-A OUTPUT', '-D OUTPUT');
  const text = restoreText(plan, place, [jump, jump], false);
  assert.equal(text, `${chain}${away}\n${away}\n${jump.replace('-A OUTPUT', '-I OUTPUT 1')}\nCOMMIT\n`);
});

test('undo takes the jumps that stand there, then the chains', () => {
  const text = undoText('nat', ['WEIR_OUTPUT'], [jump]);
  assert.equal(text, `*nat\n${jump.replace('-A', '-D')}\n-F WEIR_OUTPUT\n-X WEIR_OUTPUT\nCOMMIT\n`);
});

test('a set is filled beside itself and swapped in', () => {
  assert.deepEqual(setsText(plan.sets).trim().split('\n'), [
    'create weir-cluster4 hash:net family inet',
    'create weir-beside hash:net family inet',
    'flush weir-beside',
    'add weir-beside 198.18.0.0/15',
    'swap weir-beside weir-cluster4',
    'destroy weir-beside',
  ]);
});

test('lines for people and for comparison', () => {
  const [rule] = plan.rules;
  const [way] = plan.jumps;
  assert.ok(rule && way);
  assert.equal(humanText(rule), 'v4 nat WEIR_OUTPUT: loopback');
  assert.equal(humanText(way), 'v4 nat OUTPUT to WEIR_OUTPUT: capture');
  assert.equal(ruleText(rule), '-A WEIR_OUTPUT -o lo -m comment --comment "weir: loopback" -j RETURN');
  assert.equal(jumpText(way), jump);
});
