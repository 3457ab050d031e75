import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asInitFailure, InitFailure } from '../../../init/failure.ts';
import { ToolFailure } from '../../../init/netfilter/failure.ts';
import { reasonOf } from '../../../init/netfilter/run.ts';

const cases = [
  { reason: 'missing', exit: 69, has: /ipset is not installed/ },
  { reason: 'denied', exit: 69, has: /run as root/ },
  { reason: 'locked', exit: 75, has: /xtables lock/ },
  { reason: 'refused', exit: 70, has: /ipset refused: because/ },
] as const;
for (const { reason, exit, has } of cases) {
  test(`a tool that is ${reason} ends with ${exit}`, () => {
    const failure = asInitFailure(new ToolFailure('ipset', reason, 'because'));
    assert.equal(failure.exit, exit);
    assert.match(failure.message, has);
  });
}

test('what is thrown on purpose stays, anything else is ours: 70', () => {
  const own = new InitFailure(64, 'x');
  assert.equal(asInitFailure(own), own);
  assert.equal(asInitFailure(new TypeError('bug')).exit, 70);
  assert.equal(asInitFailure('text').message, 'text');
});

test('why a tool failed is read from what it says in the C locale', () => {
  const reason = (stderr: string) => reasonOf({ code: 4, stdout: '', stderr });
  assert.equal(reason('Another app is currently holding the xtables lock; still 4s'), 'locked');
  assert.equal(
    reason('iptables v1.8.9 (nf_tables): Could not fetch rule set generation id: Permission denied (you must be root)'),
    'denied',
  );
  assert.equal(reason('iptables-restore: line 3 failed'), 'refused');
});
