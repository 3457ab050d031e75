import { equal } from 'node:assert/strict';
import { test } from 'node:test';
import { refText } from '../../../../agent/model/resource.ts';

test('a resource is named as kubectl takes it', () => {
  equal(refText({ kind: 'ServiceEntry', namespace: 'shop', name: 'api' }), 'ServiceEntry shop/api');
});
