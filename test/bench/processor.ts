import { readdirSync, readFileSync } from 'node:fs';

/** A process and all that descend from it, as they are now: workers stay the same while measured. */
export function familyOf(pid: number): readonly number[] {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number),
  );
  return [pid, ...children.flatMap(familyOf)];
}

/** Seconds that all threads of these processes have run (proc(5), schedstat: nanoseconds on a processor). */
export function processSeconds(pids: readonly number[]): number {
  let total = 0;
  for (const pid of pids) {
    for (const task of readdirSync(`/proc/${pid}/task`)) {
      total += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]);
    }
  }
  return total / 1e9;
}

/** Bytes of memory that these processes hold, shared pages counted in each (proc(5), status). */
export function residentBytes(pids: readonly number[]): number {
  const kilobytes = pids.map((pid) => /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  return kilobytes.reduce((sum, value) => sum + Number(value ?? 0) * 1024, 0);
}

/** The most descriptors that a process of ours may have. */
export function descriptorLimit(): number {
  const hard = /^Max open files +\S+ +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
  return Math.min(Number(hard ?? DESCRIPTORS_MOST), DESCRIPTORS_MOST);
}

const DESCRIPTORS_MOST = 65_536;

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
