import { equal } from 'node:assert/strict';
import { test } from 'node:test';
import { isLabel, isSubdomain } from '../../../../agent/model/kube-name.ts';

test('labels of RFC 1123', () => {
  equal(isLabel('a-1'), true);
  for (const text of ['', '-a', 'a-', 'A', 'a.b', 'a_b', 'a'.repeat(64)]) equal(isLabel(text), false, text);
});

test('subdomains of RFC 1123', () => {
  for (const text of ['a', 'a-1.b', 'a'.repeat(253)]) equal(isSubdomain(text), true, text);
  for (const text of ['', '.a', 'a-', 'A', 'a_b', 'a'.repeat(254)]) equal(isSubdomain(text), false, text);
});
