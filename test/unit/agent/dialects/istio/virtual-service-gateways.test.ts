import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import {
  gatewayKey,
  matchGateways,
  tableGateways,
} from '../../../../../agent/dialects/istio/virtual-service-gateways.ts';

test('a name alone is of the own namespace, and mesh is no name', () => {
  equal(gatewayKey('out', 'shop'), 'shop/out');
  equal(gatewayKey('istio-system/out', 'shop'), 'istio-system/out');
  equal(gatewayKey('mesh', 'shop'), 'mesh');
});

test('without gateways it is the mesh, and each counts once', () => {
  deepEqual(tableGateways(undefined, 'shop'), ['mesh']);
  deepEqual(tableGateways([], 'shop'), ['mesh']);
  deepEqual(tableGateways(['out', 'shop/out', 'mesh'], 'shop'), ['shop/out', 'mesh']);
});

for (const [says, written, want] of [
  ['none is all of the table', undefined, ['shop/out', 'mesh']],
  ['an empty list is all of the table', [], ['shop/out', 'mesh']],
  ['one of the table', ['shop/out'], ['shop/out']],
  ['what the table does not list is left out', ['other', 'mesh'], ['mesh']],
  ['nothing may be left', ['other'], []],
] as const) {
  test(says, () => deepEqual(matchGateways(written, ['shop/out', 'mesh'], 'shop'), want));
}
