import type { Random } from './random.ts';

/** What is fuzzed: one parser, or several that must agree on the same bytes. */
export type Target = {
  readonly name: string;
  /** What holds for every input, in one sentence. */
  readonly invariant: string;
  /** Inputs to begin with, from test/fixtures where there are some. */
  readonly seeds: () => readonly Uint8Array[];
  /** Changes that know the structure; changes of bytes are always tried beside them. */
  readonly mutators: readonly Mutator[];
  /** Words of the format, put in at any place. */
  readonly tokens: readonly string[];
  /**
   * Throws if the invariant is broken. `thorough`: with every prefix and every split, where a run of many inputs takes
   * some of them. Must depend on nothing but its arguments. Answers what the input showed of the parser, in words: an
   * input of which one word is new is kept, and changed further.
   */
  readonly check: (input: Uint8Array, thorough: boolean) => readonly string[];
};

export type Mutator = (input: Uint8Array, random: Random) => Uint8Array;

/** Longer inputs are not made: two caps of 64 KiB would cost more time than they find. */
export const INPUT_CAP_BYTES = 8 * 1024;
