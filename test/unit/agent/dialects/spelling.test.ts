import { equal } from 'node:assert/strict';
import { test } from 'node:test';
import { nearest, suggestion } from '../../../../agent/dialects/spelling.ts';

const FIELDS = ['hosts', 'ports', 'addresses', 'resolution'];

for (const [word, near] of [
  ['host', 'hosts'],
  ['hsots', 'hosts'],
  ['Hosts', 'hosts'],
  ['adresses', 'addresses'],
  ['addressess', 'addresses'],
  ['resolutoin', 'resolution'],
  ['port', 'ports'],
  ['selector', undefined],
  ['', undefined],
  ['h'.repeat(1_000), undefined],
] as const) {
  test(`${word.slice(0, 20)} → ${near ?? 'nothing'}`, () => equal(nearest(word, FIELDS), near));
}

test('the nearest of several wins', () => equal(nearest('posts', ['ports', 'posts', 'hosts']), 'posts'));

test('the sentence', () => {
  equal(suggestion('host', FIELDS), '; did you mean "hosts"?');
  equal(suggestion('whatever', FIELDS), '');
});
