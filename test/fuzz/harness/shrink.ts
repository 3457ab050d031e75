import { spliced } from './mutate-bytes.ts';

/** Smallest input found within `attempts` of which `fails` is still true: pieces are left out, then bytes made plain. */
export function shrunk(input: Uint8Array, fails: (input: Uint8Array) => boolean, attempts = 4000): Uint8Array {
  const shrink = new Shrink(input, fails, attempts);
  for (let size = input.length >> 1; size > 0; size >>= 1) {
    for (let at = 0; at < shrink.best.length; ) if (!shrink.take(at, size, NOTHING)) at += size;
  }
  for (let at = 0; at < shrink.best.length; at++) if (shrink.best[at] !== PLAIN) shrink.take(at, 1, PLAINLY);
  return shrink.best;
}

class Shrink {
  best: Uint8Array;
  readonly #fails: (input: Uint8Array) => boolean;
  #left: number;

  constructor(input: Uint8Array, fails: (input: Uint8Array) => boolean, attempts: number) {
    this.best = input;
    this.#fails = fails;
    this.#left = attempts;
  }

  /** True if it still fails with `by` in place of these bytes: it is the best so far, then. */
  take(at: number, remove: number, by: Uint8Array): boolean {
    if (this.#left <= 0) return false;
    this.#left--;
    const candidate = spliced(this.best, at, remove, by);
    if (!this.#fails(candidate)) return false;
    this.best = candidate;
    return true;
  }
}

const PLAIN = 0x61;
const PLAINLY = Uint8Array.of(PLAIN);
const NOTHING = new Uint8Array();
