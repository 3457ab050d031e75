import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  STRING_MATCH,
  STRING_MATCH_OR_PRESENCE,
  textMatchOf,
} from '../../../../../agent/dialects/istio/string-match.ts';

function matches(source: string, text: string, fold = false): boolean {
  const found = textMatchOf(STRING_MATCH.parse({ regex: source }), fold);
  if (found?.kind !== 'regex') throw new Error(`no regex but ${found?.kind}`);
  equal(found.source, source);
  return found.matches(text);
}

test('exact and prefix, in lower case if the other side is', () => {
  deepEqual(textMatchOf({ exact: '/A' }, false), { kind: 'exact', text: '/A' });
  deepEqual(textMatchOf({ exact: '/A' }, true), { kind: 'exact', text: '/a' });
  deepEqual(textMatchOf({ prefix: '/A' }, false), { kind: 'prefix', text: '/A' });
  deepEqual(textMatchOf({ prefix: '/A' }, true), { kind: 'prefix', text: '/a' });
  deepEqual(textMatchOf({}, false), undefined);
});

for (const [source, text, want] of [
  ['/status/[0-9]+', '/status/418', true],
  ['/status/[0-9]+', '/status/418/', false],
  ['/status/[0-9]+', 'x/status/418', false],
  ['a|ab', 'ab', true],
  ['^ab$', 'ab', true],
  ['ab$', 'ab\n', false],
  ['A', 'a', false],
  ['(?i)A', 'a', true],
] as const) {
  test(`${source} ${want ? 'takes' : 'does not take'} ${JSON.stringify(text)}`, () => {
    equal(matches(source, text), want);
  });
}

test('folded, a regular expression takes either case', () => {
  equal(matches('/A[B-C]', '/ab', true), true);
  equal(matches('/A[B-C]', '/ad', true), false);
});

test('what makes backtracking explode takes no time', () => {
  const started = performance.now();
  equal(matches('(a*)*b', 'a'.repeat(50_000)), false);
  ok(performance.now() - started < 1000);
});

for (const [says, written, why] of [
  ['nothing', {}, /^expected exactly one of exact, prefix and regex, found none$/],
  ['two', { exact: 'a', regex: 'b' }, /found exact and regex$/],
  ['text', '/a', /\(a mapping\), found the text "\/a"$/],
  ['a number', { exact: 1 }, /the whole text \(text\), found the number 1$/],
  ['an open bracket', { regex: '(' }, /found the text "\(": missing closing \)$/],
  ['a look ahead', { regex: '(?=a)' }, /regular expression \(RE2\).*Perl syntax$/],
  ['a reference back', { regex: '(a)\\1' }, /invalid escape sequence$/],
  ['more than 1024 characters', { regex: 'a'.repeat(1025) }, /at most 1024 characters, found 1025$/],
] as const) {
  test(`${says} is no match`, () => {
    match(STRING_MATCH.safeParse(written).error?.issues[0]?.message ?? '', why);
  });
}

test('1024 characters are a regular expression', () => {
  equal(STRING_MATCH.safeParse({ regex: 'a'.repeat(1024) }).success, true);
});

for (const [says, written, why] of [
  ['two', { exact: 'a', prefix: 'b' }, /found exact and prefix$/],
  ['nothing at all', null, /or \{\} \(a mapping\), found nothing$/],
  ['an unknown field', { exakt: 'a' }, /^unknown field "exakt"; expected.*did you mean "exact"\?$/],
] as const) {
  test(`${says} is no condition of a map`, () => {
    match(STRING_MATCH_OR_PRESENCE.safeParse(written).error?.issues[0]?.message ?? '', why);
  });
}

test('{} asks for presence', () => {
  equal(textMatchOf(STRING_MATCH_OR_PRESENCE.parse({}), false), undefined);
});

test('total over what may stand in a regular expression', () => {
  const piece = fc.constantFrom(
    '(',
    ')',
    '[',
    ']',
    '*',
    '{',
    '}',
    '1000',
    ',',
    '\\',
    '?',
    ':',
    '<',
    'P',
    '^',
    '|',
    'a',
    '\ud800',
  );
  const source = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join('')),
  );
  fc.assert(
    fc.property(source, fc.string(), (regex, text) => {
      const { data } = STRING_MATCH.safeParse({ regex });
      const found = data && textMatchOf(data, true);
      if (found?.kind === 'regex') equal(typeof found.matches(text), 'boolean');
    }),
  );
});
