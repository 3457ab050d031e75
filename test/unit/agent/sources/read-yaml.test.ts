import { deepEqual, equal, match } from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { parse, stringify } from 'yaml';
import { readYaml } from '../../../../agent/sources/read-yaml.ts';

for (const [says, text, value] of [
  ['nothing', '', undefined],
  ['a comment', '# nothing\n', undefined],
  ['null', '~', undefined],
  ['JSON', '{"a": [1, "b", true, null],\n\t"c": "\\u00e9\\/"}', { a: [1, 'b', true, null], c: 'é/' }],
  ['words that YAML 1.1 took for booleans', 'a: [on, no, y]', { a: ['on', 'no', 'y'] }],
  ['a date is text', 'a: 2026-01-31', { a: '2026-01-31' }],
  ['an octal number', 'a: 0o17', { a: 15 }],
  ['anchors and merge keys', 'a: &a {x: 1, y: 1}\nb: {<<: *a, y: 2}', { a: { x: 1, y: 1 }, b: { x: 1, y: 2 } }],
] as const) {
  test(says, () => deepEqual(readYaml(text), { ok: true, value }));
}

for (const [says, text, message, line, column] of [
  ['a key twice', 'a: 1\nb: 2\na: 3\n', /duplicated mapping key/, 2, 0],
  ['a key twice in JSON', '{"a": 1,\n "a": 2}', /duplicated mapping key/, 1, 2],
  ['an open bracket', 'a: [1\n', /./, 1, 0],
  ['a wrong indentation', 'a: 1\n b: 2\n', /indentation|mapping/, 1, 2],
  ['an unknown alias', 'a: *b', /alias "b"/, 0, 4],
  ['a tag', 'a: !secret b', /unknown.*tag/, 0, 3],
  ['a tab for indentation', 'a:\n\t- b\n', /./, 1, 0],
  ['a control character', 'a: \u0001', /non-printable/, 0, 3],
  ['a template', 'a: {{ .Values.host }}', /complex keys/, 0, 0],
] as const) {
  test(`not YAML: ${says}`, () => {
    const reading = readYaml(text);
    if (reading.ok) throw new Error('was read');
    match(reading.message, message);
    deepEqual([reading.line, reading.column], [line, column]);
  });
}

for (const [says, text] of [
  [
    'a billion laughs',
    [
      'a0: &a0 [x, x, x, x, x, x, x, x, x, x]',
      ...Array.from({ length: 9 }, (_, at) => `a${at + 1}: &a${at + 1} [${Array(10).fill(`*a${at}`).join(', ')}]`),
    ].join('\n'),
  ],
  ['a value that contains itself', 'a: &a [*a]'],
  ['more than a hundred aliases', `a: &a 1\nb: [${Array(101).fill('*a').join(', ')}]`],
  ['a thousand brackets', '['.repeat(1_000) + ']'.repeat(1_000)],
  ['a hundred thousand dashes', '- '.repeat(100_000)],
] as const) {
  test(`bounded: ${says}`, () => equal(readYaml(text).ok, false));
}

test('any text is answered, never thrown at', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => typeof readYaml(text).ok === 'boolean'),
    { numRuns: 1_000 },
  );
  const yamlish = fc.array(
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
      "'",
      '|',
      '>',
      '\n',
      '  ',
      '!!str ',
      '<<',
      '? ',
      '#',
      '%',
      '---\n',
      '\t',
      '~',
      '1',
    ),
    { maxLength: 25 },
  );
  fc.assert(
    fc.property(yamlish, (parts) => typeof readYaml(parts.join('')).ok === 'boolean'),
    { numRuns: 5_000 },
  );
});

/** Values of Kubernetes documents: text keys, text of every kind, numbers, booleans, null. */
const word = fc.oneof(
  fc.constantFrom(
    '',
    'true',
    'null',
    '~',
    '1',
    '0o7',
    '1e3',
    '.5',
    'on',
    '-',
    '*.a.example',
    '&a',
    '# x',
    'a: b',
    ' a ',
    '2026-01-01',
    '<<x',
    '0x1F',
    '"',
    "'",
    '%',
    '@',
    '`',
    'a\nb',
    '- a',
    '---',
  ),
  fc.string({ maxLength: 12 }),
);
const scalar = fc.oneof(
  word,
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.boolean(),
  fc.constant(null),
);
const key = fc.oneof(
  fc.constantFrom('hosts', 'ports', '80', 'true', 'a b', 'app.kubernetes.io/name'),
  fc.string({ minLength: 1, maxLength: 8 }),
);
const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { depthSize: 'small' },
    scalar,
    fc.array(tie('any'), { maxLength: 4 }),
    fc.dictionary(
      key.filter((name) => name !== '__proto__' && name !== '<<'),
      tie('any'),
      { maxKeys: 4, noNullPrototype: true },
    ),
  ),
})).any;

test('the fast reader and the one with positions understand the same', () => {
  const styles = [
    { indentSeq: false },
    { defaultStringType: 'QUOTE_DOUBLE' },
    { defaultStringType: 'QUOTE_SINGLE', collectionStyle: 'flow' },
    { lineWidth: 20 },
  ] as const;
  fc.assert(
    fc.property(value, fc.constantFrom(...styles), (written, style) => {
      const text = stringify(written, { ...style, aliasDuplicateObjects: false });
      const slow: unknown = parse(text, { merge: true });
      deepEqual(readYaml(text), { ok: true, value: slow ?? undefined });
    }),
    { numRuns: 2_000 },
  );
});

test('they understand JSON as JSON.parse does', () => {
  fc.assert(
    fc.property(value, fc.constantFrom(0, 2, '\t'), (written, indent) => {
      const text = JSON.stringify(written, undefined, indent);
      const want: unknown = JSON.parse(text);
      deepEqual(readYaml(text), { ok: true, value: want ?? undefined });
    }),
    { numRuns: 2_000 },
  );
});
