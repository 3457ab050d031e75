import { equal } from 'node:assert/strict';
import { test } from 'node:test';
import { hopText } from '../../../../agent/model/flow.ts';

test('a hop is named as explain takes it', () => {
  equal(hopText({ kind: 'mesh' }), 'mesh');
  equal(hopText({ kind: 'gateway', namespace: 'istio-system', name: 'egress-0' }), 'gateway:istio-system/egress-0');
});
