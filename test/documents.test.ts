/** The documents name what exists, and every reason code that a user can meet. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const DOCUMENTS = [
  ...readdirSync(ROOT).filter((name) => name.endsWith('.md')),
  ...readdirSync(`${ROOT}docs`).map((name) => `docs/${name}`),
];

for (const name of DOCUMENTS) {
  test(`${name}: every file that it names is there`, () => {
    const text = readFileSync(ROOT + name, 'utf8');
    const named = [
      ...text.matchAll(/`((?:agent|init|test|scripts|docs)\/[\w./-]+)`/g),
      ...text.matchAll(/\]\(([\w./-]+\.md)/g),
    ];
    const missing = named.map(([, path = '']) => path).filter((path) => !existsSync(ROOT + path));
    assert.deepEqual(missing, []);
  });
}

test('docs/refusals.md tells every reason code', () => {
  const told = new Set(
    [
      ...readFileSync(`${ROOT}docs/refusals.md`, 'utf8').matchAll(
        /`([a-z0-9]+(?:-[a-z0-9]+)+|granted|undo|internal|upgrade)`/g,
      ),
    ].map(([, code]) => code),
  );
  const codes = new Set([
    ...codesOf('failure.ts', 'FailureCode'),
    ...codesOf('verdict.ts', 'DenyReason'),
    ...codesOf('verdict.ts', 'AllowReason'),
  ]);
  assert.ok(codes.size > 20, 'the unions were not found');
  assert.deepEqual(
    [...codes].filter((code) => !told.has(code)),
    [],
  );
});

/** The members of a union of texts in agent/model, comments left out. */
function codesOf(file: string, type: string): readonly string[] {
  const source = readFileSync(`${ROOT}agent/model/${file}`, 'utf8').replaceAll(/\/\*\*[\s\S]*?\*\//g, '');
  const union = new RegExp(`export type ${type} =([^;]*);`).exec(source)?.[1] ?? '';
  return [...union.matchAll(/'([^']+)'/g)].map(([, code = '']) => code);
}
