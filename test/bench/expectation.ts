import { availableParallelism } from 'node:os';
import { loadText } from './load.ts';
import type { Measured } from './rounds.ts';
import { median } from './statistics.ts';

/**
 * What a peer reached when Weir was designed, on two processors that client, contender and origin share, as a share of
 * another contender in the same rounds: rates themselves depend on the machine. A peer far below it is not at its best
 * here, and a ratio to it says little. nginx and redsocks were not measured then.
 */
const KNOWN: readonly Known[] = [
  { peer: 'haproxy', kind: 'stream', load: '1 stream', way: 'up', of: 'direct', share: 0.71 },
  { peer: 'haproxy', kind: 'stream', load: '1 stream', way: 'down', of: 'direct', share: 0.63 },
  { peer: 'haproxy', kind: 'stream', load: '8 streams', way: undefined, of: 'direct', share: 0.63 },
  { peer: 'haproxy', kind: 'exchange', load: '128 at once', way: undefined, of: 'direct', share: 0.52 },
  { peer: 'node-net', kind: 'stream', load: '8 streams', way: undefined, of: 'haproxy', share: 0.62 },
  { peer: 'node-net', kind: 'exchange', load: '128 at once', way: undefined, of: 'haproxy', share: 0.45 },
];

type Known = {
  readonly peer: string;
  readonly kind: Measured['load']['kind'];
  readonly load: string;
  /** undefined: both. */
  readonly way: 'up' | 'down' | undefined;
  readonly of: string;
  readonly share: number;
};

const PROCESSORS = 2;
const TOLERATED = 0.9;

/** undefined: nothing is known of this peer under this load, or the machine is of another kind. */
export function isSuspect({ load, rows }: Measured, peer: string): boolean | undefined {
  if (availableParallelism() !== PROCESSORS || load.setting !== 'tcp') return undefined;
  const known = KNOWN.find(
    (each) =>
      each.peer === peer &&
      each.kind === load.kind &&
      each.load === loadText(load) &&
      (each.way === undefined || load.kind !== 'stream' || each.way === load.way),
  );
  const rateOf = (name: string): number | undefined => {
    const runs = rows.find(({ contender }) => contender.name === name)?.runs;
    return runs && median(runs.map(({ rate }) => rate));
  };
  const [own, other] = [rateOf(peer), known && rateOf(known.of)];
  if (!known || own === undefined || other === undefined) return undefined;
  return own / other < known.share * TOLERATED;
}
