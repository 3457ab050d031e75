import { readFileSync } from 'node:fs';
import { WAYS } from './row.ts';

const PAGE = new URL('../../../docs/faults.md', import.meta.url);

/** The cells of the table under this heading of docs/faults.md, its two head lines left out. */
export function documentedTable(heading: string): readonly (readonly string[])[] {
  const section =
    readFileSync(PAGE, 'utf8')
      .split(/^## /m)
      .find((each) => each.startsWith(`${heading}\n`)) ?? '';
  return section
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .slice(2)
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim().replaceAll('`', '')),
    );
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
