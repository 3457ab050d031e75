import type { Family } from './iptables.ts';
import { run, runOrThrow } from './run.ts';

/**
 * Runs `work` while `ip` alone has a route by `device`, and takes the route away again; one that a killed run left is
 * taken over. Throws ToolFailure, if the family has no routes at all.
 */
export async function withHostRoute<Result>(
  family: Family,
  ip: string,
  device: string,
  work: () => Promise<Result>,
): Promise<Result> {
  const route = [`${ip}/${family === 4 ? 32 : 128}`, 'dev', device];
  await runOrThrow('ip', [`-${family}`, 'route', 'replace', ...route]);
  try {
    return await work();
  } finally {
    await run('ip', [`-${family}`, 'route', 'del', ...route]);
  }
}
