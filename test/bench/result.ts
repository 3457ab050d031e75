import { type Case, type Metric, metricsOf } from './cases.ts';
import type { Contender } from './contender.ts';
import { isSuspect } from './expectation.ts';
import { loadText } from './load.ts';
import type { Measured } from './rounds.ts';
import { isRestless, median, spread, variation } from './statistics.ts';

/** A row of the JSON result. */
export type ResultRow = {
  readonly case: Case;
  /** Of several loads of a case: which. */
  readonly load: string;
  readonly contender: string;
  /** Median of the rounds. */
  readonly value: number;
  /** How many: with --quick there may have been time for fewer than were asked for. */
  readonly rounds: number;
  readonly unit: string;
  /** Half of what lies between the least and the greatest, as a share of the median. */
  readonly spread: number;
  /** On weir's rows: 1 and more is not worse than the best of the peers. */
  readonly toBestPeer?: number;
  /** The same among the peers that write a line of equal content for each request, as weir does. */
  readonly toBestLoggingPeer?: number;
  /**
   * Direct's values of this very figure vary by more than 15 per cent; where direct has none, the row's own do. One
   * round alone is noisy: nobody knows how far another would be from it.
   */
  readonly noisy: boolean;
  /** On peers' rows of which something is known: more than 10 per cent below that. */
  readonly peerSuspect?: boolean;
};

/** In the order of the cases. */
export function resultRows(all: readonly Measured[], cases: readonly Case[]): readonly ResultRow[] {
  const rows = all.flatMap((measured) =>
    metricsOf(measured.load, cases).flatMap((metric) => rowsOfMetric(measured, metric)),
  );
  return cases.flatMap((name) => rows.filter((row) => row.case === name));
}

type Figure = {
  readonly contender: Contender;
  readonly values: readonly number[];
  readonly value: number;
  readonly spread: number;
};

function rowsOfMetric(measured: Measured, metric: Metric): readonly ResultRow[] {
  const figures = measured.rows
    .filter(({ contender }) => metric.ofDirect || contender.kind !== 'direct')
    .map(({ contender, runs }): Figure => {
      const values = runs.map(metric.of);
      return { contender, values, value: rounded(median(values)), spread: rounded(spread(values)) };
    });
  const direct = figures.find(({ contender }) => contender.kind === 'direct');
  const texts = [metric.which, loadText(measured.load)].filter((text) => text !== undefined);
  return figures.map(({ contender, values, value, spread }) => ({
    case: metric.case,
    load: texts.join(', '),
    contender: contender.name,
    value,
    rounds: values.length,
    unit: metric.unit,
    spread,
    ...(contender.kind === 'weir' ? ratios(value, figures, metric) : {}),
    noisy: isNoisy(direct?.values ?? values),
    ...(contender.kind === 'peer' && metric.ofDirect ? suspicion(measured, contender) : {}),
  }));
}

function isNoisy(values: readonly number[]): boolean {
  return values.length < 2 || isRestless(variation(values));
}

function ratios(value: number, figures: readonly Figure[], { more }: Metric): Partial<ResultRow> {
  const peers = figures.filter(({ contender }) => contender.kind === 'peer');
  const toBest = (among: readonly Figure[]): number =>
    rounded(Math.min(...among.map((peer) => (more === 'better' ? value / peer.value : peer.value / value))));
  const logging = peers.filter(({ contender }) => contender.logs);
  return {
    ...(peers.length > 0 ? { toBestPeer: toBest(peers) } : {}),
    ...(logging.length > 0 ? { toBestLoggingPeer: toBest(logging) } : {}),
  };
}

function suspicion(measured: Measured, contender: Contender): Partial<ResultRow> {
  const suspect = isSuspect(measured, contender.name);
  return suspect === undefined ? {} : { peerSuspect: suspect };
}

/** Four digits: more are not known. */
function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
