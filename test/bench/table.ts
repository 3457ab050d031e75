import type { Contender } from './contender.ts';
import { tableOf } from './markdown-table.ts';
import type { Run } from './run.ts';
import { median, spread } from './statistics.ts';

export type Row = { readonly contender: Contender; readonly runs: readonly Run[] };

/**
 * Medians of the rounds. Ratios are medians of the ratios of each round, whose runs follow each other closely, so that
 * what slows the box for a while slows both; above 1 is better for all three. `lessIsBetter`: of the rate.
 */
export function tableText(title: string, rows: readonly Row[], lessIsBetter: boolean): string {
  const cells = rows.map((row) =>
    cellsOf(
      row,
      rows.find(({ contender }) => contender.name === row.contender.comparedTo),
      lessIsBetter,
    ),
  );
  return `${title}\n\n${tableOf(HEADINGS, cells)}\n`;
}

const HEADINGS = [
  'contender',
  'rate',
  '±%',
  'ratio',
  'CPU µs',
  '±%',
  'ratio',
  'p50 µs',
  'ratio',
  'p99 µs',
  'lines %',
  'idle %',
  'others %',
];

function cellsOf({ contender, runs }: Row, peer: Row | undefined, lessIsBetter: boolean): readonly string[] {
  const of = (key: keyof Run) => runs.map((run) => run[key]);
  const ratio = (key: keyof Run, more: boolean): string => {
    if (!peer || runs.every((run) => run[key] === 0)) return '';
    const ratios = runs.flatMap((run, round) => {
      const other = peer.runs[round]?.[key];
      return other === undefined ? [] : [more ? run[key] / other : other / run[key]];
    });
    return median(ratios).toFixed(2);
  };
  const hasCpu = runs.some(({ cpuUs }) => cpuUs > 0);
  return [
    contender.name,
    shown(median(of('rate'))),
    percent(spread(of('rate'))),
    ratio('rate', !lessIsBetter),
    hasCpu ? shown(median(of('cpuUs'))) : '',
    hasCpu ? percent(spread(of('cpuUs'))) : '',
    ratio('cpuUs', false),
    median(of('p50us')).toFixed(0),
    ratio('p50us', false),
    median(of('p99us')).toFixed(0),
    contender.logs ? (median(of('lines')) * 100).toFixed(1) : '',
    (median(of('idle')) * 100).toFixed(0),
    (median(of('others')) * 100).toFixed(0),
  ];
}

function percent(share: number): string {
  return (share * 100).toFixed(0);
}

/** Three digits at least. */
function shown(value: number): string {
  if (value >= 100) return value.toFixed(0);
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
