/**
 * Flows that one thread may have at a time, so that each that is accepted finds a descriptor for its upstream too: with
 * all of them spent on clients, no dial would ever succeed. What is beyond waits in the kernel. `limits` is the text of
 * /proc/self/limits (proc(5)).
 */
export function flowsPerThread(limits: string, threads: number): number {
  const descriptors = Number(/^Max open files +([0-9]+)/m.exec(limits)?.[1] ?? Number.POSITIVE_INFINITY);
  const pairs = Math.floor((descriptors - RESERVED_DESCRIPTORS) / 2 / threads);
  return Math.min(Math.max(pairs, 1), MAX_FLOWS_PER_THREAD);
}

/**
 * Flows that one caller may have of `all`. Alone it may have what there is, and what is beyond waits in the kernel. With
 * others beside it, half at most, so that one workload which holds connections never has what the others need. Two of
 * them together still could; the cap makes it four where there are descriptors enough.
 */
export function flowsPerCaller(all: number, callers: number): number {
  const share = callers > 1 ? Math.max(1, Math.floor(all / 2)) : MAX_FLOWS_PER_CALLER;
  return Math.min(share, MAX_FLOWS_PER_CALLER);
}

const MAX_FLOWS_PER_CALLER = 8_192;
/** Two descriptors and about 17 kB of kernel memory each. */
const MAX_FLOWS_PER_THREAD = 16_384;
/** Node's own are about 30; then listeners, log, admin, queries to DNS, and pipes for flows of many bytes. */
const RESERVED_DESCRIPTORS = 64;
