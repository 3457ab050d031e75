import { readFileSync } from 'node:fs';
import { run, start } from '../support/lab/run.ts';
import { waitFor } from '../support/lab/wait.ts';
import type { Entrant } from './entrant.ts';
import { type Load, loadText } from './load.ts';
import { runLoad } from './measure.ts';
import type { BenchOptions } from './options.ts';
import type { Stage } from './stage.ts';

/** Whether this load is counted: the last of its kind in a setting stands for it. */
export function isCounted(load: Load, later: readonly Load[]): boolean {
  return load.kind !== 'idle' && !later.some(({ kind }) => kind === load.kind);
}

/** What a contender did for each request, connection or GiB, in a short run of its own that is not timed. */
export type Counts = {
  readonly setting: Load['setting'];
  readonly load: string;
  readonly contender: string;
  /** strace -c -f. */
  readonly calls: number;
  /** perf stat, user and kernel; undefined where the machine has no counter. */
  readonly instructions: number | undefined;
};

export async function countAll(stage: Stage, timed: Load, { bodyBytes }: BenchOptions): Promise<readonly Counts[]> {
  const counts: Counts[] = [];
  const load = timed.kind === 'exchange' ? { ...timed, connections: Math.min(timed.connections, FEW) } : timed;
  for (const entrant of stage.entrants.filter(({ contender }) => contender.start)) {
    const options = { warmMs: 0, measureMs: SHORT_MS, bodyBytes, streamBytes: SHORT_BYTES };
    const runOnce = async (): Promise<number> => (await runLoad(stage, entrant, load, options)).done;
    const calls = await counted(stage, entrant, 'strace', runOnce);
    const instructions = (await hasCounter()) ? await counted(stage, entrant, 'perf', runOnce) : undefined;
    const { name } = entrant.contender;
    const way = load.kind === 'stream' ? `${load.way}, ` : '';
    counts.push({ setting: load.setting, load: way + loadText(load), contender: name, calls, instructions });
  }
  return counts;
}

/** Connections that are not over at the end of a run have their calls counted, but are not counted themselves. */
const FEW = 8;
const SHORT_MS = 500;
const SHORT_BYTES = 128 * 2 ** 20;

/** Attaches to all processes of the contender while the load runs; per unit of the load. */
async function counted(
  stage: Stage,
  entrant: Entrant,
  tool: keyof typeof TOOLS,
  runOnce: () => Promise<number>,
): Promise<number> {
  const { argv, attached, total } = TOOLS[tool];
  const pids = entrant.pids();
  const file = `${stage.folder}/${entrant.contender.name}.${tool}`;
  const counting = start(argv(file, pids), `${file}.said`);
  const told = (): string => `${counting.argv.join(' ')}\n${counting.stderr()}`;
  await waitFor(`${tool} counts`, () => counting.code() !== undefined || attached(counting.stderr(), pids.length), {
    told,
  });
  const done = await runOnce();
  counting.kill('SIGINT');
  await waitFor(`${tool} ends`, () => counting.code() !== undefined, { told });
  const sum = total(readFileSync(file, 'utf8'));
  if (sum === undefined) throw new Error(`${tool} told no total\n${told()}`);
  return sum / done;
}

type Tool = {
  readonly argv: (file: string, pids: readonly number[]) => readonly string[];
  readonly attached: (stderr: string, processes: number) => boolean;
  readonly total: (text: string) => number | undefined;
};

const TOOLS: Readonly<Record<'strace' | 'perf', Tool>> = {
  strace: {
    argv: (file, pids) => ['strace', '-c', '-f', '-o', file, ...pids.flatMap((pid) => ['-p', `${pid}`])],
    attached: (stderr, processes) => (stderr.match(/ attached/g)?.length ?? 0) >= processes,
    // % time, seconds, usecs/call, calls, errors if there were any, `total`
    total: (text) => numberIn(/^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?total$/m.exec(text)),
  },
  perf: {
    argv: (file, pids) => ['perf', 'stat', '-x,', '-e', 'instructions', '-o', file, '-p', pids.join(',')],
    attached: () => true, // it says nothing; what it misses of a run is the first milliseconds
    total: (text) => numberIn(/^(\d+),[^,]*,instructions/m.exec(text)),
  },
};

function numberIn(match: RegExpExecArray | null): number | undefined {
  return match ? Number(match[1]) : undefined;
}

let counter: boolean | undefined;

/** Virtual machines often have none. */
async function hasCounter(): Promise<boolean> {
  counter ??= /^\d+,/m.test((await run(['perf', 'stat', '-x,', '-e', 'instructions', 'true'])).stderr);
  return counter;
}
