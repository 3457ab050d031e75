import type { Case } from '../cases.ts';
import type { CoreInstructions } from '../core-instructions.ts';
import type { Counts } from '../counts.ts';
import type { Machine } from '../machine.ts';
import type { BenchOptions } from '../options.ts';
import { type ResultRow, resultRows } from '../result.ts';
import type { Measured } from '../rounds.ts';
import { median } from '../statistics.ts';

/** The JSON result. */
export type Report = {
  readonly machine: Machine & {
    /** Share of the processors that others used, neither contender nor load nor origin; median over all runs. */
    readonly usedByOthers: number;
  };
  readonly quick: boolean;
  readonly rounds: number;
  readonly seconds: number;
  readonly streamMiB: number;
  readonly rows: readonly ResultRow[];
  readonly counts: readonly Counts[];
  readonly core: readonly CoreInstructions[];
};

type Found = {
  readonly measured: readonly Measured[];
  readonly counts: readonly Counts[];
  readonly core: readonly CoreInstructions[];
};

export function reportOf(machine: Machine, { measured, counts, core }: Found, options: BenchOptions): Report {
  const { quick, rounds, measureMs, streamBytes, cases } = options;
  const runs = measured.flatMap(({ rows }) => rows.flatMap((row) => row.runs));
  const usedByOthers = Number(median(runs.map(({ others }) => others)).toFixed(3));
  const rows = resultRows(measured, cases);
  const size = { quick, rounds, seconds: measureMs / 1000, streamMiB: streamBytes / 2 ** 20 };
  return { machine: { ...machine, usedByOthers }, ...size, rows, counts, core };
}

/** Rows that stand side by side: one figure of all contenders. */
export type Group = { readonly case: Case; readonly load: string; readonly rows: readonly ResultRow[] };

export function groupsOf(rows: readonly ResultRow[]): readonly Group[] {
  const groups = Map.groupBy(rows, (row) => `${row.case}\n${row.load}\n${row.unit}`);
  return [...groups.values()].flatMap((own) => {
    const [first] = own;
    return first ? [{ case: first.case, load: first.load, rows: own }] : [];
  });
}

/** Four digits as they are read: 12 345, 12.35, 0.12. */
export function numberText(value: number): string {
  const digits = Math.max(0, Math.min(2, 3 - Math.floor(Math.log10(Math.abs(value) || 1))));
  const [whole = '', part] = value.toFixed(digits).split('.');
  const grouped = whole.replaceAll(/\B(?=(\d{3})+$)/g, ' ');
  return part === undefined ? grouped : `${grouped}.${part}`;
}
