import type { Family } from './iptables.ts';
import { run, runOrThrow } from './run.ts';

/** Whether anything of the family can leave by a device other than lo: an unicast route in any table. */
export async function hasRouteOut(family: Family): Promise<boolean> {
  const routes = await runOrThrow('ip', [`-${family}`, 'route', 'show', 'table', 'all', 'type', 'unicast']);
  return routes.split('\n').some((route) => route !== '' && !/ dev lo( |$)/.test(route));
}

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
