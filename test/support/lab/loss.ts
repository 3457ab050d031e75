import type { Lab } from './lab.ts';
import { must } from './run.ts';
import { waitFor } from './wait.ts';

export type Loss = {
  /** Resolves once a packet was lost. */
  readonly begun: () => Promise<void>;
  /** From now on they arrive: TCP sends again what was lost. */
  readonly end: () => Promise<void>;
};

/** Packets of either family that fit these iptables matches do not reach the outside world until `end`. */
export async function lose(lab: Lab, matches: readonly string[]): Promise<Loss> {
  const both = (...argv: readonly string[]) =>
    Promise.all(
      ['iptables', 'ip6tables'].map((tool) => must(['ip', 'netns', 'exec', lab.netns('ext'), tool, '-w', ...argv])),
    );
  const rule = ['INPUT', ...matches, '-j', 'DROP'];
  await both('-I', ...rule);
  const lost = async (): Promise<boolean> =>
    (await both('-nvxL', 'INPUT', '1')).some(({ stdout }) => !/^\s*0 /.test(stdout));
  return {
    begun: async () => void (await waitFor(`a packet is lost: ${matches.join(' ')}`, lost)),
    end: async () => void (await both('-D', ...rule)),
  };
}
