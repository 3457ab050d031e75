import { tableOf } from '../markdown-table.ts';
import type { ResultRow } from '../result.ts';
import { numberText, type Report } from './report.ts';

/** All rows as a table that is Markdown and can be read as it is. */
export function summaryText({ rows }: Report): string {
  return tableOf(
    ['case', 'load', 'contender', 'value', 'unit', '±%', 'rounds', 'to best peer', 'to best logging peer', 'remark'],
    rows.map((row) => [row.case, row.load, row.contender, ...figuresOf(row)]),
  );
}

function figuresOf(row: ResultRow): readonly string[] {
  const ratio = (value: number | undefined): string => (value === undefined ? '' : value.toFixed(2));
  const spread = (row.spread * 100).toFixed(0);
  const ratios = [ratio(row.toBestPeer), ratio(row.toBestLoggingPeer)];
  return [numberText(row.value), row.unit, spread, `${row.rounds}`, ...ratios, remarkOf(row)];
}

function remarkOf({ noisy, peerSuspect }: ResultRow): string {
  return [noisy ? 'noisy' : '', peerSuspect === true ? 'peerSuspect' : ''].filter((text) => text !== '').join(', ');
}
