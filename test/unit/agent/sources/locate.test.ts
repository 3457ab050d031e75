import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { Path } from '../../../../agent/dialects/dialect.ts';
import { complexKeySpot, locatorOf, type Spot, salvage } from '../../../../agent/sources/locate.ts';

/** `▶` marks where the field is to be found. */
function marked(text: string): { plain: string; spot: Spot } {
  const before = text.slice(0, text.indexOf('▶')).split('\n');
  return { plain: text.replace('▶', ''), spot: { line: before.length - 1, column: before.at(-1)?.length ?? 0 } };
}

const FIELDS: readonly (readonly [says: string, text: string, path: Path, at?: 'key'])[] = [
  ['a value', 'a: ▶1\n', ['a']],
  ['a key', '▶a: 1\n', ['a'], 'key'],
  ['a value below', 'a:\n  b:\n    c: ▶x\n', ['a', 'b', 'c']],
  ['a value on the next line', 'a:\n    ▶x\n', ['a']],
  ['an item', 'a:\n- 1\n- ▶2\n', ['a', 1]],
  ['a field of an item', 'a:\n  - b: 1\n    c: ▶2\n', ['a', 0, 'c']],
  ['an item that is a mapping', 'a:\n  - ▶b: 1\n', ['a', 0]],
  ['a block is shown at its key', 'a:\n  ▶b:\n    c: 1\n', ['a', 'b']],
  ['a flow where it begins', 'a: ▶[1, 2]\n', ['a']],
  ['inside a flow', 'a: {b: [1, {c: ▶x}]}\n', ['a', 'b', 1, 'c']],
  ['JSON', '{\n\t"a": [\n\t\t{"b": ▶"x"}\n\t]\n}', ['a', 0, 'b']],
  ['a quoted value', "a: ▶'x'\n", ['a']],
  ['a quoted key', '"a b": ▶1\n', ['a b']],
  ['a number for a key', '80: ▶x\n', ['80']],
  ['nothing is shown at its key', '▶a:\nb: 1\n', ['a']],
  ['a block scalar', 'a: ▶|\n  text\n', ['a']],
  ['behind an anchor', 'a: &x ▶1\n', ['a']],
  ['through an alias', 'a: &x {b: ▶1}\nc: *x\n', ['c', 'b']],
  ['an alias itself', 'a: &x 1\nc: ▶*x\n', ['c']],
  ['a missing field, at its parent', 'a: 1\n▶b:\n  c: 1\n', ['b', 'd']],
  ['a missing field of an item', 'a:\n- ▶b: 1\n', ['a', 0, 'd']],
  ['a missing field of the document', '# first\n---\n▶a: 1\n', ['b']],
  ['below what is no mapping', '▶a: 1\n', ['a', 'b', 'c']],
  ['an item that is not there', '▶a:\n- 1\n', ['a', 7]],
  ['snake_case', 'export_to: [▶x]\n', ['exportTo', 0]],
  ['its own spelling ahead of snake_case', 'export_to: 1\nexportTo: ▶2\n', ['exportTo']],
  ['after Windows line ends', 'a: 1\r\nb:\r\n  c: ▶x\r\n', ['b', 'c']],
  ['behind characters of two units', '{"😀": 1, b: ▶x}\n', ['b']],
  ['in a document with a mistake further down', 'a: ▶1\nb: [\n', ['a']],
];

for (const [says, text, path, at = 'value'] of FIELDS) {
  test(says, () => {
    const { plain, spot } = marked(text);
    deepEqual(locatorOf(plain)({ path, within: undefined, at }), spot);
  });
}

for (const [says, text, path, at = 'value'] of [
  ['a literal block', 'a: |\n  b: 1\n  c:\n    d: ▶x\n', ['c', 'd']],
  ['a literal block after blank lines', 'a: |-\n\n\n    c:\n        d: ▶x\n', ['c', 'd']],
  ['a key in it', 'a: |\n  ▶b: 1\n', ['b'], 'key'],
  ['a folded block, whose lines move', 'a: ▶>\n  b: 1\n', ['b']],
  ['a quoted text', 'a: ▶"b: 1"\n', ['b']],
] as const) {
  test(`within the text of a field: ${says}`, () => {
    const { plain, spot } = marked(text);
    deepEqual(locatorOf(plain)({ path: ['a'], within: path, at }), spot);
  });
}

test('the first key that is no scalar', () => {
  const { plain, spot } = marked('x: 1\ny:\n  a: {▶{ .Values.host }}\n');
  deepEqual(complexKeySpot(plain), spot);
  equal(complexKeySpot('a: 1\n'), undefined);
});

test('what can be saved of a wreck', () => {
  deepEqual(salvage('kind: Pod\nmetadata: {name: a}\nspec: [\n'), {
    kind: 'Pod',
    metadata: { name: 'a' },
    spec: [],
  });
  equal(salvage(`a: &a [x]\n${'b: [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]\n'.repeat(20)}`), undefined);
});

test('any text and path is answered, never thrown at', () => {
  const text = fc.array(
    fc.constantFrom(
      'a',
      ': ',
      '- ',
      '[',
      ']',
      '{',
      '}',
      ',',
      '&x ',
      '*x',
      '"',
      '|',
      '>',
      '\n',
      '  ',
      '<<',
      '? ',
      '#',
      '---\n',
      '\t',
      '1',
    ),
    { maxLength: 25 },
  );
  const path = fc.array(fc.oneof(fc.constantFrom('a', '<<', '1'), fc.nat(3)), { maxLength: 4 });
  fc.assert(
    fc.property(text, path, fc.constantFrom('key', 'value'), (parts, where, at) => {
      const whole = parts.join('');
      const { line, column } = locatorOf(whole)({ path: where, within: [], at });
      equal(line >= 0 && line <= whole.split('\n').length && column >= 0, true);
      salvage(whole);
      complexKeySpot(whole);
    }),
    { numRuns: 3_000 },
  );
});
