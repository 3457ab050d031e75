import { truncateSync } from 'node:fs';
import { must, start } from '../support/lab/run.ts';
import { waitFor } from '../support/lab/wait.ts';
import { ORIGIN } from './contender.ts';
import type { Entrant } from './entrant.ts';
import { type Load, type LoadSizes, loadArguments } from './load.ts';
import type { BenchOptions } from './options.ts';
import { boxTime, familyOf, idleShare, processSeconds, residentBytes } from './processor.ts';
import type { Run } from './run.ts';
import type { Stage } from './stage.ts';

/**
 * Loads one contender, when nobody else works; again if somebody did meanwhile, and then the least disturbed run counts.
 * Every answer is checked by the load generator, which ends the bench at the first that is wrong.
 */
export async function measure(stage: Stage, entrant: Entrant, load: Load, options: BenchOptions): Promise<Run> {
  let best: Run | undefined;
  const attempts = options.quick || options.rounds === 1 ? 1 : ATTEMPTS;
  for (let attempt = 0; attempt < attempts; attempt++) {
    await quiet(options.quick || options.rounds === 1 ? BRIEFLY_MS : QUIET_LIMIT_MS);
    const run =
      load.kind === 'idle' ? await idleFlows(stage, entrant, load) : await once(stage, entrant, load, options);
    if (run.others < DISTURBED_SHARE) return run;
    if (!best || run.others < best.others) best = run;
  }
  if (!best) throw new Error('no run at all');
  return best;
}

const ATTEMPTS = 3;
const DISTURBED_SHARE = 0.08;

async function once(stage: Stage, entrant: Entrant, load: Load, options: BenchOptions): Promise<Run> {
  const { contender, logFile, pids } = entrant;
  if (contender.logs) truncateSync(logFile);
  const [own, origin] = [pids(), familyOf(stage.origin.pid)];
  const before = { contender: processSeconds(own), origin: processSeconds(origin), box: boxTime() };
  const told = await runLoad(stage, entrant, load, options);
  const box = boxTime();
  const originSeconds = processSeconds(origin) - before.origin;
  const expected = load.kind === 'stream' ? load.streams : told.done;
  const lines = contender.logs ? await linesOf(logFile, expected) : 0;
  const contenderSeconds = processSeconds(own) - before.contender;
  const idle = idleShare(before.box, box);
  const ours = (contenderSeconds + originSeconds + told.cpuSeconds) / (box.total - before.box.total);
  return {
    rate: told.rate,
    p50us: told.p50us,
    p99us: told.p99us,
    cpuUs: (contenderSeconds / told.done) * 1e6,
    lines: lines / expected,
    idle,
    others: Math.max(0, 1 - idle - ours),
  };
}

/** One run of the load's program, not timed by us. */
export async function runLoad(
  stage: Stage,
  { netns, contender }: Entrant,
  load: Load,
  options: LoadSizes,
): Promise<LoadResult> {
  const [program, ...rest] = loadArguments(load, contender, options);
  const { stdout } = await must(['ip', 'netns', 'exec', netns, `${stage.folder}/${program}`, ...rest]);
  return JSON.parse(stdout) as LoadResult; // of our own generator.h
}

type LoadResult = {
  /** Requests, connections or GiB, with those of the warming up. */
  readonly done: number;
  readonly rate: number;
  readonly p50us: number;
  readonly p99us: number;
  readonly cpuSeconds: number;
};

/** Memory with that many idle flows and without; the stage has just started the contender, for each round anew. */
async function idleFlows(stage: Stage, entrant: Entrant, load: Load & { kind: 'idle' }): Promise<Run> {
  const before = { bytes: residentBytes(entrant.pids()), box: boxTime() };
  const argv = [`${stage.folder}/idle`, ORIGIN.ip, `${ORIGIN.port}`, `${load.connections}`];
  const flows = start(['ip', 'netns', 'exec', entrant.netns, ...argv], `${stage.folder}/idle`);
  const says = (word: string) => (): boolean => {
    if (!flows.stdout().includes(word) && flows.code() !== undefined) throw new Error(`idle: ${flows.stderr()}`);
    return flows.stdout().includes(word);
  };
  await waitFor('all flows are there', says('idle'), { limitMs: 60_000, told: flows.stderr });
  const bytes = Math.max(load.connections, residentBytes(entrant.pids()) - before.bytes); // 1 each: none that shows
  flows.kill('SIGUSR1');
  await waitFor('all flows live', says('alive'), { limitMs: 20_000, told: flows.stderr });
  const idle = idleShare(before.box, boxTime());
  return { rate: bytes / load.connections, p50us: 0, p99us: 0, cpuUs: 0, lines: 0, idle, others: 0 };
}

/** Of three tenths of a second nine parts in ten are idle. Goes on after the limit: then the idle column tells. */
async function quiet(limitMs: number): Promise<void> {
  let last = boxTime();
  const look = (): boolean => {
    const now = boxTime();
    if (now.total - last.total < QUIET_SECONDS) return false;
    const share = idleShare(last, now);
    last = now;
    return share > QUIET_SHARE;
  };
  await waitFor('the box is quiet', look, { limitMs }).catch(() => {});
}

const QUIET_SECONDS = 0.6; // of two processors
const QUIET_SHARE = 0.9;
const QUIET_LIMIT_MS = 3_000;
const BRIEFLY_MS = 100;

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
