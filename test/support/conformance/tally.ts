import { after } from 'node:test';
import type { Section } from './schema.ts';

/** A diagnostic of the file: behind all its tests, where its standard output may stand ahead of them. */
export function tellTallyAtTheEnd(sections: readonly Section[]): void {
  after((file) => 'diagnostic' in file && file.diagnostic(tally(sections)));
}

/** The last line of ./scripts/test, from the data. */
export function tally(sections: readonly Section[]): string {
  const cases = sections.flatMap(({ cases }) => cases);
  const waiting = sections.flatMap(({ waiting }) => waiting.map(({ id }) => id));
  return `conformance: ${cases.length} cases, ${waiting.length} waiting${waiting.length > 0 ? ` (${waiting.join(', ')})` : ''}`;
}
