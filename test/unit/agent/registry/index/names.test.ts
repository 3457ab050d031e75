import { deepEqual, equal, ok } from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import {
  covers,
  type HostPattern,
  hostMatches,
  parseHostPattern,
  patternText,
} from '../../../../../agent/model/hostname.ts';
import { addName, findName, nameIndex, narrower } from '../../../../../agent/registry/index/names.ts';
import { hostname } from '../builders.ts';

function pattern(text: string): HostPattern | 'any' {
  const parsed = text === '*' ? 'any' : parseHostPattern(text);
  ok(parsed, text);
  return parsed;
}

function found(
  patterns: readonly string[],
  name: string | undefined,
  hidden: readonly string[] = [],
): string | undefined {
  const index = nameIndex<string>();
  for (const text of patterns) addName(index, pattern(text), text);
  return findName(index, name === undefined ? undefined : hostname(name), (values) =>
    values.find((value) => !hidden.includes(value)),
  );
}

test('exact before wildcard before any', () => {
  equal(found(['*', '*.test', 'a.test'], 'a.test'), 'a.test');
  equal(found(['*', '*.test'], 'a.test'), '*.test');
  equal(found(['*'], 'a.test'), '*');
  equal(found(['b.test'], 'a.test'), undefined);
});

test('no name is one of any alone', () => {
  equal(found(['*.test', '*'], undefined), '*');
  equal(found(['*.test'], undefined), undefined);
});

test('one that is not taken hides none', () => {
  equal(found(['*', '*.test', 'a.test'], 'a.test', ['a.test', '*.test']), '*');
});

const pairs: readonly (readonly [a: string, b: string, want: string | undefined])[] = [
  ['*', '*', '*'],
  ['*', 'a.test', 'a.test'],
  ['*', '*.test', '*.test'],
  ['a.test', 'a.test', 'a.test'],
  ['a.test', 'b.test', undefined],
  ['*.test', 'a.test', 'a.test'],
  ['*.test', 'test', undefined],
  ['*.test', '*.test', '*.test'],
  ['*.test', '*.a.test', '*.a.test'],
  ['*.a.test', '*.b.test', undefined],
  ['*.a.test', 'a.test', undefined],
  ['*.a.test', 'xa.test', undefined],
];

describe('what two patterns have in common', () => {
  for (const [a, b, want] of pairs) {
    test(`${a} and ${b}: ${want ?? 'nothing'}`, () => {
      const expected = want === undefined ? undefined : pattern(want);
      deepEqual(narrower(pattern(a), pattern(b)), expected);
      deepEqual(narrower(pattern(b), pattern(a)), expected);
    });
  }
});

test('it matches what both match', () => {
  const label = fc.constantFrom('a', 'b');
  const name = fc.array(label, { minLength: 1, maxLength: 3 }).map((labels) => labels.join('.'));
  const some = fc.oneof(
    name.map((text) => pattern(text)),
    name.map((text) => pattern(`*.${text}`)),
    fc.constant('any' as const),
  );
  const matches = (one: HostPattern | 'any', text: string) => one === 'any' || hostMatches(one, hostname(text));
  fc.assert(
    fc.property(some, some, name, (a, b, text) => {
      const both = narrower(a, b);
      equal(both !== undefined && matches(both, text), matches(a, text) && matches(b, text));
      if (covers(a, b)) deepEqual(both, b, b === 'any' ? b : patternText(b));
    }),
    { numRuns: 2_000 },
  );
});
