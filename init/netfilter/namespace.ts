import { stat } from 'node:fs/promises';
import { ToolFailure } from './failure.ts';
import { findTool } from './run.ts';

/** Whether this process already is in the network namespace at `path`. Throws the system's error if there is none. */
export async function isInside(path: string): Promise<boolean> {
  const [there, here] = await Promise.all([stat(path), stat('/proc/self/ns/net')]);
  return there.ino === here.ino && there.dev === here.dev;
}

/** Replaces this process by `command`, run inside the namespace at `path`. Returns only by throwing. */
export function execInside(path: string, command: readonly string[]): never {
  const nsenter = findTool('nsenter');
  if (nsenter === undefined || process.execve === undefined) throw new ToolFailure('nsenter', 'missing', '');
  return process.execve(nsenter, ['nsenter', `--net=${path}`, '--', ...command]);
}
