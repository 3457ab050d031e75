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

/** Two descriptors and about 17 kB of kernel memory each. */
const MAX_FLOWS_PER_THREAD = 16_384;
/** Node's own are about 30; then listeners, log, admin, queries to DNS, and pipes for flows of many bytes. */
const RESERVED_DESCRIPTORS = 64;
