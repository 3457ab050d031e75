import { truncateSync } from 'node:fs';
import { must, type Running } from '../support/lab/run.ts';
import { waitFor } from '../support/lab/wait.ts';
import { FIELD, HOST, ORIGIN } from './contender.ts';
import type { BenchOptions, LoadMode } from './options.ts';
import { boxTime, idleShare, processSeconds } from './processor.ts';
import type { Entrant, Stage } from './stage.ts';

/** One run of one contender. */
export type Run = {
  /** Requests a second. */
  readonly rate: number;
  /** Microseconds from request (mode close: from connect) to the last byte. */
  readonly p50us: number;
  readonly p99us: number;
  /** Microseconds of processor time of the contender for each request; 0 for direct. */
  readonly cpuUs: number;
  /** Access lines for each request: below 1 some were lost; 0 for who writes none. */
  readonly lines: number;
  /** Share of the box's processors that nobody used, 0 to 1. */
  readonly idle: number;
  /** Share that others used: neither contender nor load nor origin. */
  readonly others: number;
};

/**
 * Loads one contender, when nobody else works; again if somebody did meanwhile, and then the least disturbed run counts.
 * Every answer is checked by the load generator, which ends the bench at the first that is wrong.
 */
export async function measure(stage: Stage, entrant: Entrant, load: Load, options: BenchOptions): Promise<Run> {
  let best: Run | undefined;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const run = await once(stage, entrant, load, options);
    if (run.others < DISTURBED_SHARE) return run;
    if (!best || run.others < best.others) best = run;
  }
  if (!best) throw new Error('no run at all');
  return best;
}

const ATTEMPTS = 3;
const DISTURBED_SHARE = 0.08;

async function once(stage: Stage, entrant: Entrant, load: Load, options: BenchOptions): Promise<Run> {
  const { contender, running, netns, logFile } = entrant;
  await quiet();
  if (contender.logs) truncateSync(logFile);
  const seconds = (process: Running | undefined): number => (process ? processSeconds(process.pid) : 0);
  const before = { contender: seconds(running), origin: seconds(stage.origin), box: boxTime() };
  const field = contender.addsField ? [FIELD] : [];
  const argv = [`${stage.folder}/load`, ...loadArguments(load, options), ...field];
  const { stdout } = await must(['ip', 'netns', 'exec', netns, ...argv]);
  const box = boxTime();
  const told = JSON.parse(stdout) as LoadResult; // of our own load.c
  const originSeconds = seconds(stage.origin) - before.origin;
  const lines = contender.logs ? await linesOf(logFile, told.answered) : 0;
  const contenderSeconds = seconds(running) - before.contender;
  const idle = idleShare(before.box, box);
  const ours = (contenderSeconds + originSeconds + told.cpuSeconds) / (box.total - before.box.total);
  return {
    rate: told.measured / (options.measureMs / 1000),
    p50us: told.p50us,
    p99us: told.p99us,
    cpuUs: (contenderSeconds / told.answered) * 1e6,
    lines: lines / told.answered,
    idle,
    others: Math.max(0, 1 - idle - ours),
  };
}

export type Load = { readonly mode: LoadMode; readonly connections: number };

type LoadResult = {
  readonly answered: number;
  readonly measured: number;
  readonly p50us: number;
  readonly p99us: number;
  readonly cpuSeconds: number;
};

/** Two processes: one alone was the slowest part of the path, and made all contenders look alike. */
function loadArguments({ mode, connections }: Load, { warmMs, measureMs, bodyBytes }: BenchOptions): string[] {
  const numbers = [connections, Math.min(connections, 2), warmMs, measureMs, bodyBytes];
  return [ORIGIN.ip, `${ORIGIN.port}`, HOST, ...numbers.map(String), mode];
}

/** Of three tenths of a second nine parts in ten are idle. Goes on after the limit: then the idle column tells. */
async function quiet(): Promise<void> {
  let last = boxTime();
  const look = (): boolean => {
    const now = boxTime();
    if (now.total - last.total < QUIET_SECONDS) return false;
    const share = idleShare(last, now);
    last = now;
    return share > QUIET_SHARE;
  };
  await waitFor('the box is quiet', look, { limitMs: QUIET_LIMIT_MS }).catch(() => {});
}

const QUIET_SECONDS = 0.6; // of two processors
const QUIET_SHARE = 0.9;
const QUIET_LIMIT_MS = 10_000;

/** How many there are once all are there, or no more come within a second. */
async function linesOf(file: string, expected: number): Promise<number> {
  let lines = 0;
  const look = async (): Promise<boolean> => {
    lines = Number((await must(['wc', '-l', file])).stdout.split(' ')[0]);
    return lines >= expected;
  };
  await waitFor('every request has its line', look, { limitMs: 1_000 }).catch(() => {});
  return Math.min(lines, expected);
}
