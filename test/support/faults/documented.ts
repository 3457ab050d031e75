import { readFileSync } from 'node:fs';
import { rowsBelow } from '../documents/markdown.ts';
import { WAYS } from './row.ts';

/** The cells of the table under this heading of docs/faults.md, without their backticks. */
export function documentedTable(heading: string): readonly (readonly string[])[] {
  const page = readFileSync(new URL('../../../docs/faults.md', import.meta.url), 'utf8');
  return rowsBelow(page, `## ${heading}`).map((cells) => cells.map((cell) => cell.replaceAll('`', '')));
}

/** One line for each cell and side that haproxy shows otherwise: `who | does | when | way | side | Weir's | haproxy's`. */
export function documentedDifferences(): readonly string[] {
  return documentedTable('What haproxy does otherwise').flatMap((cells) => {
    const [who, does, when, way, side, weir, haproxy, why = ''] = cells;
    if (why === '') throw new Error(`docs/faults.md tells no reason: ${cells.join(' | ')}`);
    const ways = way === 'both' ? WAYS : [way];
    return ways.map((each) => [who, does, when, each, side, weir, haproxy].join(' | '));
  });
}
