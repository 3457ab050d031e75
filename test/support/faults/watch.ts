import { setTimeout as after } from 'node:timers/promises';

/** Seconds since the epoch, as captures tell it. */
export type Span = { readonly from: number; readonly to: number };

/** What must not happen is looked for this long: any FIN or RST of ours leaves within a few ms of its cause. */
const WATCHED_MS = 500;

/** The only wait for a duration: lets time pass in which nothing should happen, and tells which time that was. */
export async function watchNothingHappen(): Promise<Span> {
  const from = Date.now() + 1; // what came before is not in it, to the ms
  await after(WATCHED_MS);
  return { from: from / 1_000, to: Date.now() / 1_000 };
}

/** Whether it came about within the limit. */
export async function comes(what: Promise<unknown>, limitMs: number): Promise<boolean> {
  const limit = new AbortController();
  try {
    return await Promise.race([what.then(() => true), after(limitMs, false, { signal: limit.signal })]);
  } finally {
    limit.abort();
  }
}
