import { equal } from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { parsePort, portOf } from '../../../../agent/model/port.ts';

test('1 to 65535, in plain decimal', () => {
  for (const text of ['1', '80', '65535']) equal(parsePort(text), Number(text));
  for (const text of [
    '',
    '0',
    '080',
    '65536',
    '99999',
    '100000',
    '-1',
    '+80',
    '8e1',
    '80 ',
    ' 80',
    '80\n',
    '0x50',
    '８０',
  ])
    equal(parsePort(text), undefined, JSON.stringify(text));
});

test('numbers that are no ports', () => {
  for (const value of [0, -1, 65_536, 80.5, Number.NaN, Number.POSITIVE_INFINITY]) equal(portOf(value), undefined);
});

test('text to port and back', () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 65_535 }), (value) => parsePort(String(value)) === portOf(value)));
});
