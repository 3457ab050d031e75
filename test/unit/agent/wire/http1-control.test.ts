import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readControl } from '../../../../agent/wire/http1-control.ts';
import type { HeaderField } from '../../../../agent/wire/http1-fields.ts';

const none = {
  kind: 'control',
  hosts: [],
  length: undefined,
  chunked: false,
  keepAlive: true,
  upgrade: [],
  expectContinue: false,
};

test('nothing said', () => {
  assert.deepEqual(readControl([], '1.1'), none);
  assert.deepEqual(readControl([], '1.0'), { ...none, keepAlive: false });
});

test('everything said', () => {
  const fields: HeaderField[] = [
    ['host', 'a.test'],
    ['host', 'b.test'],
    ['content-length', '7'],
    ['connection', 'Upgrade,\tclose '],
    ['upgrade', 'WebSocket'],
    ['expect', '100-Continue'],
    ['te', 'trailers'],
  ];
  const want = {
    hosts: ['a.test', 'b.test'],
    length: 7,
    keepAlive: false,
    upgrade: ['websocket'],
    expectContinue: true,
  };
  assert.deepEqual(readControl(fields, '1.1'), { ...none, ...want });
});

const faults: readonly (readonly HeaderField[])[] = [
  [['content-length', '']],
  [['content-length', '00']],
  [['content-length', '1 2']],
  [['content-length', '9007199254740992']],
  [
    ['content-length', '1'],
    ['content-length', '1'],
  ],
  [
    ['transfer-encoding', 'chunked'],
    ['content-length', '1'],
  ],
  [
    ['transfer-encoding', 'chunked'],
    ['transfer-encoding', ''],
  ],
  [['transfer-encoding', 'chunked,']],
  [['connection', 'x, Transfer-Encoding']],
  [['content_length', '1']],
  [['transfer_encoding', 'chunked']],
];
for (const fields of faults)
  test(`bad: ${JSON.stringify(fields)}`, () => assert.equal(readControl(fields, '1.1').kind, 'bad'));

test('a coding in HTTP/1.0 is bad', () => {
  assert.equal(readControl([['transfer-encoding', 'chunked']], '1.0').kind, 'bad');
});
