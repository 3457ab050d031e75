import { type Load, loadText } from './load.ts';
import { measure, runLoad } from './measure.ts';
import type { BenchOptions } from './options.ts';
import type { Run } from './run.ts';
import type { Stage } from './stage.ts';
import { isRestless, variation } from './statistics.ts';
import type { Row } from './table.ts';
import type { TimeLeft } from './time.ts';

export type Measured = {
  readonly load: Load;
  readonly rows: readonly Row[];
};

/**
 * All rounds of a load, again (three times at most) if the rate of direct, to which no contender adds anything, varied
 * by more than 15 per cent; the calmest of the attempts counts. By the rate alone: direct's p99 varies always where the
 * load itself has no processor to spare, and would have everything repeated in vain.
 *
 * Nothing is begun that would go beyond the load's share of the time, save for the first round, and for a second (without
 * it nobody knows what the first is worth) if every load that follows can still have one. The share begins when all have
 * warmed up.
 */
export async function measureLoad(
  stage: Stage,
  load: Load,
  options: BenchOptions,
  time: Pick<TimeLeft, 'endOfNextLoad' | 'isLeftFor'>,
): Promise<Measured> {
  await warmUp(stage, load, options);
  const until = time.endOfNextLoad();
  const mayGoOn = (done: number, ms: number): boolean =>
    performance.now() + ms <= until || (done === 1 && time.isLeftFor(ms, 1));
  let best: { readonly rows: readonly Row[]; readonly restless: number } | undefined;
  for (let attempt = 0; attempt <= REPEATS; attempt++) {
    const began = performance.now();
    const rows = await rounds(stage, load, options, mayGoOn);
    const restless = restlessness(rows, options);
    if (!best || restless < best.restless) best = { rows, restless };
    if (!isRestless(restless) || performance.now() + (performance.now() - began) > until) break;
    if (attempt < REPEATS) process.stderr.write(`direct varied by ${(restless * 100).toFixed(0)} %: once more\n`);
  }
  if (!best) throw new Error('no attempt at all');
  return { load, rows: best.rows };
}

const REPEATS = 3;

/** Those who have not done the like yet. Memory is that of a program just started. */
async function warmUp(stage: Stage, load: Load, options: BenchOptions): Promise<void> {
  if (load.kind === 'idle' || !(await stage.prepare(load))) return;
  for (const entrant of stage.entrants) await runLoad(stage, entrant, load, { ...options, measureMs: WARM_MS });
}

/** Interleaved: each round has a run of every contender. */
async function rounds(
  stage: Stage,
  load: Load,
  options: BenchOptions,
  mayGoOn: (done: number, ms: number) => boolean,
): Promise<readonly Row[]> {
  const entrants = stage.entrants.filter(({ contender }) => load.kind !== 'idle' || contender.start);
  const rows = entrants.map(({ contender }) => ({ contender, runs: [] as Run[] }));
  for (let round = 0; round < roundsOf(load, options); round++) {
    const began = performance.now();
    if (load.kind === 'idle') await stage.prepare(load);
    for (const [index, entrant] of entrants.entries()) {
      const run = await measure(stage, entrant, load, options);
      const rate = run.rate.toPrecision(4);
      process.stderr.write(
        `${load.setting}, ${loadText(load)}, round ${round + 1}: ${entrant.contender.name} ${rate}\n`,
      );
      rows[index]?.runs.push(run);
    }
    if (!mayGoOn(round + 1, performance.now() - began)) break;
  }
  return rows;
}

/**
 * Just-in-time compilers need it: the first GiB of a Node program takes three times as long as the next, and so do its
 * first ten thousand connections.
 */
const WARM_MS = 2_000;

/** Memory does not depend on who else works: three are enough to see that, one where there is no time. */
function roundsOf(load: Load, { rounds: count, quick }: BenchOptions): number {
  if (load.kind !== 'idle') return count;
  return quick ? 1 : Math.min(count, 3);
}

/** 0 where direct has no figure; without end if there was no time for a second round, since then nobody knows. */
function restlessness(rows: readonly Row[], options: BenchOptions): number {
  const direct = rows.find(({ contender }) => contender.kind === 'direct');
  if (!direct) return 0;
  if (direct.runs.length < 2 && options.rounds > 1) return Number.POSITIVE_INFINITY;
  return variation(direct.runs.map(({ rate }) => rate));
}
