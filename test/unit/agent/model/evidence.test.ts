import { equal } from 'node:assert/strict';
import { test } from 'node:test';
import { fieldValue } from '../../../../agent/model/evidence.ts';

test('the lines of a field are one list, in the order sent', () => {
  const headers = [
    ['x-a', '1'],
    ['host', 'api.test'],
    ['x-a', '2, 3'],
    ['x-empty', ''],
  ] as const;
  equal(fieldValue(headers, 'x-a'), '1,2, 3');
  equal(fieldValue(headers, 'x-empty'), '');
  equal(fieldValue(headers, 'x-b'), undefined);
});
