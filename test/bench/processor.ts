import { readdirSync, readFileSync } from 'node:fs';

/** Seconds that all threads of a process have run (proc(5), schedstat: nanoseconds on a processor). */
export function processSeconds(pid: number): number {
  let total = 0;
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    total += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]);
  }
  return total / 1e9;
}

/** Seconds of all processors since boot (proc(5), stat: ticks of 10 ms). */
export type BoxTime = { readonly idle: number; readonly total: number };

export function boxTime(): BoxTime {
  const [line = ''] = readFileSync('/proc/stat', 'utf8').split('\n');
  const ticks = line.trim().split(/\s+/).slice(1, 9).map(Number);
  const [, , , idle = 0, waiting = 0] = ticks;
  return { idle: (idle + waiting) / 100, total: ticks.reduce((sum, value) => sum + value, 0) / 100 };
}

/** Share of the processors' time, 0 to 1. */
export function idleShare(from: BoxTime, to: BoxTime): number {
  return (to.idle - from.idle) / Math.max(to.total - from.total, 0.01);
}
