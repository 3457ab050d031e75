/** Chance that can be repeated: xorshift128 (Marsaglia 2003), its state filled from the seed by splitmix32. */
export class Random {
  readonly #state: [number, number, number, number];

  constructor(seed: number) {
    let from = seed | 0;
    const filled = (): number => {
      from = (from + 0x9e37_79b9) | 0;
      let mixed = from ^ (from >>> 16);
      mixed = Math.imul(mixed, 0x21f0_aaad);
      mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a_2d97);
      return mixed ^ (mixed >>> 15);
    };
    this.#state = [filled(), filled(), filled(), filled() | 1]; // never all zeros
  }

  /** A whole number from 0 to `bound` - 1; 0 for a bound below 1. */
  below(bound: number): number {
    const [a, b, c, d] = this.#state;
    let mixed = a ^ (a << 11);
    mixed ^= (mixed >>> 8) ^ d ^ (d >>> 19);
    this.#state[0] = b;
    this.#state[1] = c;
    this.#state[2] = d;
    this.#state[3] = mixed;
    return bound < 1 ? 0 : (mixed >>> 0) % bound;
  }

  /** Mostly small: below `bound`, each half as likely as the half below it. */
  small(bound: number): number {
    return this.below(1 + this.below(1 + this.below(bound)));
  }

  /** One time in `times`. */
  oneIn(times: number): boolean {
    return this.below(times) === 0;
  }

  pick<T>(from: readonly [T, ...T[]]): T;
  pick<T>(from: readonly T[]): T | undefined;
  pick<T>(from: readonly T[]): T | undefined {
    return from[this.below(from.length)];
  }
}

/** FNV-1a, 32 bits: names crash files, and chooses where an input is cut so that a replay cuts at the same places. */
export function hashOf(bytes: Uint8Array): number {
  let hash = 0x811c_9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x0100_0193);
  return hash >>> 0;
}
