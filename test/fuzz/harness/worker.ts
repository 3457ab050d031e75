/** The thread that fuzzes one target: it may hang, and is ended from outside then. See watch.ts. */
import { parentPort, workerData } from 'node:worker_threads';
import { targetNamed } from '../all-targets.ts';
import { type Crash, corpusOf, crashOf } from './crash.ts';
import { explore, type Failure, type Progress } from './explore.ts';
import { shrunk } from './shrink.ts';
import type { Target } from './target.ts';

export type Order = {
  readonly target: string;
  readonly seed: number;
  readonly ms: number;
  /** Inputs to begin with beside the seeds and the tree's: what earlier runs found. */
  readonly kept: readonly Uint8Array[];
  readonly current: SharedArrayBuffer;
};

export type Report =
  | { readonly kind: 'progress'; readonly progress: Progress }
  | { readonly kind: 'found'; readonly input: Uint8Array }
  | { readonly kind: 'end'; readonly progress: Progress; readonly crash: Crash | undefined };

/** Words ahead of the bytes of the input under way. */
export const CURRENT = { count: 0, length: 1, bytesAt: 8 } as const;

const TELL_MS = 5000;

if (parentPort) work(workerData as Order); // our own watch.ts gives nothing else

function work({ target: name, seed, ms, kept, current }: Order): void {
  const target = targetNamed(name);
  const words = new Int32Array(current, 0, CURRENT.bytesAt / 4);
  const bytes = new Uint8Array(current, CURRENT.bytesAt);
  const begins = (input: Uint8Array): void => {
    bytes.set(input.subarray(0, bytes.length));
    words[CURRENT.length] = Math.min(input.length, bytes.length);
    Atomics.add(words, CURRENT.count, 1);
  };
  // dns-packet throws on every second input, and a quarter of the time would go into stacks that nobody reads.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  const began = performance.now();
  let told = began;
  const { failure, ...progress } = explore({
    target,
    seed,
    seeds: [...target.seeds(), ...corpusOf(name).map(([, input]) => input), ...kept],
    begins,
    found: (input) => tell({ kind: 'found', input }),
    goesOn: (sofar) => {
      const now = performance.now();
      if (now - told > TELL_MS) {
        told = now;
        tell({ kind: 'progress', progress: sofar });
      }
      return now - began < ms;
    },
  });
  Error.stackTraceLimit = stackTraceLimit;
  tell({ kind: 'end', progress, crash: failure && smallest(target, failure, begins) });
}

function tell(report: Report): void {
  parentPort?.postMessage(report, []);
}

function smallest(target: Target, failure: Failure, begins: (input: Uint8Array) => void): Crash {
  const { kind } = crashOf(failure.input, failure.thrown);
  let last = crashOf(failure.input, failure.thrown);
  const fails = (input: Uint8Array): boolean => {
    begins(input);
    try {
      target.check(input, true);
      return false;
    } catch (thrown) {
      const crash = crashOf(input, thrown);
      if (crash.kind === kind) last = crash;
      return crash.kind === kind;
    }
  };
  if (fails(failure.input)) shrunk(failure.input, fails);
  return last;
}
