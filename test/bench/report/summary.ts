import type { ResultRow } from '../result.ts';
import { numberText, type Report } from './report.ts';

/** All rows as a table that is Markdown and can be read as it is. */
export function summaryText({ rows }: Report): string {
  return tableOf(
    ['case', 'load', 'contender', 'value', 'unit', '±%', 'to best peer', 'to best logging peer', 'remark'],
    rows.map((row) => [row.case, row.load, row.contender, ...figuresOf(row)]),
  );
}

function figuresOf(row: ResultRow): readonly string[] {
  const ratio = (value: number | undefined): string => (value === undefined ? '' : value.toFixed(2));
  const spread = (row.spread * 100).toFixed(0);
  return [numberText(row.value), row.unit, spread, ratio(row.toBestPeer), ratio(row.toBestLoggingPeer), remarkOf(row)];
}

function remarkOf({ noisy, peerSuspect }: ResultRow): string {
  return [noisy ? 'noisy' : '', peerSuspect === true ? 'peerSuspect' : ''].filter((text) => text !== '').join(', ');
}

/** Columns of numbers are set to the right. */
export function tableOf(headings: readonly string[], lines: readonly (readonly string[])[]): string {
  const widths = headings.map((heading, at) =>
    Math.max(heading.length, ...lines.map((line) => (line[at] ?? '').length)),
  );
  const isNumeric = headings.map((_, at) => lines.every((line) => /^[\d. –]*$/.test(line[at] ?? '')));
  const cell = (text: string, at: number): string =>
    isNumeric[at] ? text.padStart(widths[at] ?? 0) : text.padEnd(widths[at] ?? 0);
  const text = (line: readonly string[]): string => `| ${line.map(cell).join(' | ')} |`;
  const rule = widths.map((width, at) => (isNumeric[at] ? `${'-'.repeat(width + 1)}:` : '-'.repeat(width + 2)));
  return [text(headings), `|${rule.join('|')}|`, ...lines.map(text)].join('\n');
}
