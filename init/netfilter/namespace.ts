import { stat } from 'node:fs/promises';
import { ToolFailure } from './failure.ts';
import { findTool, reasonOf, run } from './run.ts';

/** Whether this process already is in the network namespace at `path`. Throws the system's error if there is none. */
export async function isInside(path: string): Promise<boolean> {
  const [there, here] = await Promise.all([stat(path), stat('/proc/self/ns/net')]);
  return there.ino === here.ino && there.dev === here.dev;
}

/** Why the kernel lets nobody into `path` as a network namespace, in nsenter's words; undefined if it does. */
export async function refusedEntry(path: string): Promise<string | undefined> {
  const ran = await run('nsenter', [`--net=${path}`, '--', 'true']);
  if (ran.code === 0) return undefined;
  if (reasonOf(ran) === 'denied') throw new ToolFailure('nsenter', 'denied', ran.stderr.trim());
  return ran.stderr.trim();
}

/** Replaces this process by `command`, run inside the namespace at `path`. Returns only by throwing. */
export function execInside(path: string, command: readonly string[]): never {
  const nsenter = findTool('nsenter');
  if (nsenter === undefined || process.execve === undefined) throw new ToolFailure('nsenter', 'missing', '');
  return process.execve(nsenter, ['nsenter', `--net=${path}`, '--', ...command]);
}
