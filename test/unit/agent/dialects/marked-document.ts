import { deepEqual, match, ok } from 'node:assert/strict';
import { test } from 'node:test';
import type { Problem } from '../../../../agent/model/resource.ts';
import { type ReadDocument, readDocuments } from '../../../../agent/sources/documents.ts';

/** A row of a table: one document and the one problem that it has. `▶` marks the very character that is pointed at. */
export type Row = {
  readonly says: string;
  readonly yaml: string;
  readonly path: string;
  readonly message: RegExp;
  /** `error` if absent. */
  readonly severity?: Problem['severity'];
};

export function testRows(rows: readonly Row[]): void {
  for (const row of rows) test(row.says, () => expectRow(row));
}

function expectRow({ yaml, path, message, severity = 'error' }: Row): void {
  const at = yaml.indexOf('▶');
  ok(at >= 0, 'a row marks a place');
  const before = yaml.slice(0, at).split('\n');
  const documents = readDocuments('a.yaml', yaml.replace('▶', ''));
  const problems = documents.flatMap((document) => document.problems);
  const position = { file: 'a.yaml', line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
  deepEqual(problems.map(brief), [{ severity, path, position }]);
  match(problems[0]?.message ?? '', message);
  const valid = documents.filter((document) => document.contribution !== undefined).length;
  deepEqual(valid, severity === 'error' ? 0 : documents.length, 'an error, and nothing else, keeps a document out');
}

function brief({ severity, path, position }: Problem): Pick<Problem, 'severity' | 'path' | 'position'> {
  return { severity, path, position };
}

/** A ServiceEntry with this spec, written below `spec:` with two blanks of indentation. */
export function serviceEntry(spec: string): string {
  return istioObject('ServiceEntry', spec);
}

/** The same of another kind. */
export function istioObject(kind: string, spec: string): string {
  return `apiVersion: networking.istio.io/v1\nkind: ${kind}\nmetadata:\n  name: row\n  namespace: shop\nspec:\n${spec}`;
}

/** The only document of a text, which must be free of problems. */
export function soundDocument(yaml: string): ReadDocument {
  const documents = readDocuments('a.yaml', yaml);
  deepEqual(
    documents.flatMap((document) => document.problems),
    [],
  );
  const [document] = documents;
  if (!document || documents.length !== 1) throw new Error(`expected one document, found ${documents.length}`);
  return document;
}
