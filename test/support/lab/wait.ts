import { setTimeout as pause } from 'node:timers/promises';

/**
 * Polls until `look` gives something other than undefined or false, and gives that. Waits for a condition, never for a
 * duration; after `limitMs` throws with `what` and, if given, what `told` has to say about the state of things.
 */
export async function waitFor<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  options: { readonly limitMs?: number; readonly told?: () => string } = {},
): Promise<T> {
  const { limitMs = 10_000, told } = options;
  const end = performance.now() + limitMs;
  for (let stepMs = 2; ; stepMs = Math.min(stepMs * 1.5, 50)) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen;
    if (performance.now() > end) throw new Error(`not within ${limitMs} ms: ${what}${told ? `\n${told()}` : ''}`);
    await pause(stepMs);
  }
}
