import type { Section } from './schema.ts';

/** The last line of a run, from the data. */
export function tally(sections: readonly Section[]): string {
  const cases = sections.flatMap(({ cases }) => cases);
  const waiting = sections.flatMap(({ waiting }) => waiting.map(({ id }) => id));
  return `conformance: ${cases.length} cases, ${waiting.length} waiting${waiting.length > 0 ? ` (${waiting.join(', ')})` : ''}`;
}
