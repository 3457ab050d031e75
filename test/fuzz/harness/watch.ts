/**
 * Fuzzing of the TypeScript parsers, one target in one thread.
 *
 * Why our own: the one maintained coverage-guided fuzzer that we found on npm is @jazzer.js/core (4.0.0, 2026-04). Its
 * engine comes prebuilt and wants glibc 2.38 where Debian 12 has 2.36, the package has no sources to build it from, and its
 * loader hook instruments no `.ts` (it passes the format `module-typescript` by).
 *
 * Why no coverage of V8 (node:inspector, startPreciseCoverage; built and measured): after 10 s, one run each on a busy
 * machine beside each other, characters of agent/ that ran by the mutators from the seeds alone, and guided by V8:
 * client-hello 7864 and 8071, proxy-v2 12971 both, first-bytes 30134 and 28754, dns-answer 12012 both, resources 117818
 * and 113610, request-head 25038 and 25029. Cheap targets run at half to a fifth of their speed under it.
 *
 * The words that `check` answers cost nothing. At the same number of inputs, three seeds each, they cover up to 2 % more
 * than the seeds alone (client-hello, dns-answer, first-bytes) and no more for resources.
 */
import { Worker } from 'node:worker_threads';
import type { Crash } from './crash.ts';
import type { Progress } from './explore.ts';
import { INPUT_CAP_BYTES } from './target.ts';
import { CURRENT, type Order, type Report } from './worker.ts';

export type Outcome = { readonly progress: Progress; readonly crash: Crash | undefined };

/** One input takes milliseconds; what takes as long as this on a busy machine is not bounded. */
const HANG_MS = 10_000;

/**
 * Resolves when the time is over or the invariant is broken; rejects only if the harness itself is. `onFound` is told of
 * each input that showed something new.
 */
export async function fuzz(
  order: Omit<Order, 'current'>,
  onProgress: (progress: Progress) => void = () => undefined,
  onFound: (input: Uint8Array) => void = () => undefined,
): Promise<Outcome> {
  const current = new SharedArrayBuffer(CURRENT.bytesAt + INPUT_CAP_BYTES);
  const worker = new Worker(new URL('worker.ts', import.meta.url), { workerData: { ...order, current } });
  const outcome = Promise.withResolvers<Outcome>();
  let progress: Progress = { executions: 0, corpus: 0, shown: 0 };
  worker.on('error', (thrown) => outcome.reject(thrown));
  worker.on('exit', (code) => outcome.reject(new Error(`the thread ended early, with ${code}`)));
  worker.on('message', (report: Report) => {
    if (report.kind === 'found') return onFound(report.input);
    ({ progress } = report);
    if (report.kind === 'progress') onProgress(progress);
    else outcome.resolve({ progress, crash: report.crash });
  });
  const watching = watch(current, (input) =>
    outcome.resolve({ progress, crash: { kind: 'hang', input, says: `no end after ${HANG_MS} ms` } }),
  );
  try {
    return await outcome.promise;
  } finally {
    clearInterval(watching);
    await worker.terminate();
  }
}

/** Tells of an input that is the same at two looks. */
function watch(current: SharedArrayBuffer, onHang: (input: Uint8Array) => void): NodeJS.Timeout {
  const words = new Int32Array(current, 0, CURRENT.bytesAt / 4);
  let last = 0;
  return setInterval(() => {
    const count = Atomics.load(words, CURRENT.count);
    if (count === last && count > 0) onHang(new Uint8Array(current, CURRENT.bytesAt, words[CURRENT.length]).slice());
    last = count;
  }, HANG_MS);
}
