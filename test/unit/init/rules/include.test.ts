import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasInclusions, included, notIncluded } from '../../../../init/rules/include.ts';
import { optionsOf } from '../options-fixture.ts';

test('a port or a range is enough to be included; both must miss to be not', async () => {
  const { plan } = await optionsOf('print', '--include-ports', '80', '--include-cidrs', '203.0.113.0/24');
  assert.ok(hasInclusions(plan));
  assert.deepEqual(included(4, plan), ['-m multiport --dports 80', '-m set --match-set weir-include4 dst']);
  assert.deepEqual(notIncluded(4, plan), ['-m multiport ! --dports 80', '-m set ! --match-set weir-include4 dst']);
  assert.deepEqual(included(6, plan), ['-m multiport --dports 80']);
});

test('no inclusion at all', async () => {
  const { plan } = await optionsOf('print');
  assert.equal(hasInclusions(plan), false);
  assert.deepEqual(included(4, plan), []);
});
