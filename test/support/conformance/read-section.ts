import { readdirSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { crossProblems, ROOT } from './cross-check.ts';
import { problemTexts } from './problem-text.ts';
import { SECTION, type Section } from './schema.ts';

export const FOLDER = `${ROOT}test/conformance/`;

/** All sections, in order. Throws with every problem of every file. */
export function readSections(): readonly Section[] {
  const files = readdirSync(FOLDER).filter((name) => /^[a-z]-.*\.yaml$/.test(name));
  const read = files.toSorted().map((file) => readSection(file, readFileSync(FOLDER + file, 'utf8')));
  const problems = read.flatMap((each) => each.problems);
  if (problems.length > 0) throw new Error(`test/conformance:\n${problems.join('\n')}`);
  return read.flatMap(({ section }) => section ?? []);
}

export type Reading = { readonly section: Section | undefined; readonly problems: readonly string[] };

/** Total: a problem tells file, case and field. */
export function readSection(file: string, text: string): Reading {
  let value: unknown;
  try {
    value = parse(text, { merge: true, maxAliasCount: -1 });
  } catch (thrown) {
    return { section: undefined, problems: [`${file}: ${thrown instanceof Error ? thrown.message : String(thrown)}`] };
  }
  const parsed = SECTION.safeParse(value);
  const problems = parsed.success ? crossProblems(parsed.data) : problemTexts(parsed.error.issues);
  return { section: parsed.data, problems: problems.map((problem) => `${file}: ${named(problem, value)}`) };
}

/** `cases[3].title: …` as `A04: title: …`. */
function named(problem: string, value: unknown): string {
  const [whole = '', at, rest = ''] = /^cases\[(\d+)\]\.?(.*)$/s.exec(problem) ?? [];
  if (whole === '') return problem;
  const { cases } = value as { readonly cases: readonly { readonly id?: unknown }[] }; // the path says that it is there
  const id = cases[Number(at)]?.id;
  return `${typeof id === 'string' ? id : `cases[${at}]`}: ${rest}`;
}
