import { deepEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { soundDocument, testRows } from '../marked-document.ts';

test('a Namespace is known and adds nothing', () => {
  const { contribution, ref } = soundDocument('apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n');
  deepEqual(contribution, { kind: 'nothing' });
  deepEqual(ref, { kind: 'Namespace', namespace: '', name: 'shop' });
});

testRows([
  {
    says: 'a name with capitals',
    yaml: 'apiVersion: v1\nkind: Namespace\nmetadata:\n  name: ▶Shop\n',
    path: 'metadata.name',
    message: /lower-case/,
  },
]);
