import { runOrThrow } from './run.ts';

/** Forgets every connection of this namespace, both families. */
export async function flushConnections(): Promise<void> {
  await runOrThrow('conntrack', ['-F']);
}
