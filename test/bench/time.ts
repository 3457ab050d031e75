/**
 * How long each load may take, so that `--quick` ends in time; else as long as it likes. Milliseconds of
 * performance.now().
 */
export function shareOfTime(quick: boolean, loads: number, settings: number): TimeLeft {
  const end = quick ? performance.now() + QUICK_MS : Number.POSITIVE_INFINITY;
  const left = { loads, settings };
  const free = (): number => end - performance.now() - left.settings * SETTING_MS;
  return {
    settingBegins: () => {
      left.settings--;
    },
    endOfNextLoad: () => {
      const share = free() / left.loads;
      left.loads--;
      return performance.now() + share;
    },
    isLeftFor: (ms, rounds) => free() - left.loads * rounds * ROUND_MS > ms,
  };
}

export type TimeLeft = {
  /** What making its stage takes, and warming up, is no longer set aside. */
  readonly settingBegins: () => void;
  /** What is left is shared among the loads that are left. */
  readonly endOfNextLoad: () => number;
  /** Whether something of this length fits in, with so many rounds for each load that is left. */
  readonly isLeftFor: (ms: number, rounds: number) => boolean;
};

/** Five minutes less what the first round of the last load may take beyond its share. */
const QUICK_MS = 270_000;
const SETTING_MS = 20_000;
const ROUND_MS = 10_000;
