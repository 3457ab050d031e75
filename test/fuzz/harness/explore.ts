import { mutated } from './mutate-bytes.ts';
import { Random } from './random.ts';
import type { Target } from './target.ts';

export type Exploration = {
  readonly target: Target;
  /** Inputs to begin with; each is checked first. */
  readonly seeds: readonly Uint8Array[];
  readonly seed: number;
  /** Asked now and then. */
  readonly goesOn: (progress: Progress) => boolean;
  /** Told of each input before it is checked, for whoever watches from outside whether it ends. */
  readonly begins: (input: Uint8Array) => void;
  /** Told of each input, other than a seed, that showed what none had. */
  readonly found: (input: Uint8Array) => void;
};

export type Progress = {
  readonly executions: number;
  /** Inputs from which others are made: the seeds, and those that showed what none had. */
  readonly corpus: number;
  /** Different things that inputs showed. */
  readonly shown: number;
};

export type Failure = { readonly input: Uint8Array; readonly thrown: unknown };
export type Explored = Progress & { readonly failure: Failure | undefined };

/** Changes inputs and keeps those that show what none has shown, until told to stop or the invariant is broken. */
export function explore({ target, seeds, seed, goesOn, begins, found }: Exploration): Explored {
  const random = new Random(seed);
  const corpus = [...seeds];
  const shown = new Set<string>();
  let executions = 0;
  const progress = (): Progress => ({ executions, corpus: corpus.length, shown: shown.size });
  while (executions < seeds.length || executions % 64 !== 0 || goesOn(progress())) {
    const isSeed = executions < seeds.length;
    const input = (isSeed ? seeds[executions] : undefined) ?? mutated(target, chosen(corpus, random), corpus, random);
    executions++;
    begins(input);
    try {
      const before = shown.size;
      for (const word of target.check(input, false)) shown.add(word);
      if (shown.size === before || isSeed) continue;
      corpus.push(input);
      found(input);
    } catch (thrown) {
      return { ...progress(), failure: { input, thrown } };
    }
  }
  return { ...progress(), failure: undefined };
}

/** Half of the time one of those that were found last: from there it goes on. */
function chosen(corpus: readonly Uint8Array[], random: Random): Uint8Array {
  const age = random.oneIn(2) ? random.small(corpus.length) : random.below(corpus.length);
  return corpus.at(-1 - age) ?? new Uint8Array();
}
