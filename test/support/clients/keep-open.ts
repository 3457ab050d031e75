import { fileURLToPath } from 'node:url';
import type { Lab } from '../lab/lab.ts';
import { waitFor } from '../lab/wait.ts';
import type { KeeperState, Kept } from './keeper.ts';
import { ownPorts } from './own-ports.ts';

export type Wanted = Omit<Kept, 'firstLocalPort'>;

export type Keeper = {
  readonly state: () => KeeperState;
  /** All that live say their `again`; resolves when so many answers have come in all. */
  readonly again: (answers: number) => Promise<void>;
  readonly stop: () => Promise<void>;
};

const KEEPER = fileURLToPath(new URL('./keeper.ts', import.meta.url));

/** These connections (keeper.ts) out of any place; all have begun when it returns. */
export async function keepOpen(lab: Lab, place: string, wanted: readonly Wanted[]): Promise<Keeper> {
  const kept = wanted.map((each): Kept => ({ ...each, firstLocalPort: ownPorts(each.count) }));
  const running = lab.spawn(place, [process.execPath, KEEPER, 'run'], { input: JSON.stringify(kept) });
  const told = (): string => running.stdout().split('\n').at(-2) ?? '';
  const state = (): KeeperState => {
    const line = told();
    return line === '' ? { begun: {}, answered: {}, ended: [] } : (JSON.parse(line) as KeeperState); // keeper.ts wrote it
  };
  const options = { limitMs: 20_000, told: () => told() + running.stderr() };
  await waitFor('all have begun', () => kept.every(({ kind, count }) => state().begun[kind] === count), options);
  return {
    state,
    again: async (answers) => {
      running.kill('SIGUSR1');
      const sum = (): number => Object.values(state().answered).reduce((total, each) => total + each, 0);
      await waitFor(`${answers} answers`, () => sum() >= answers, options);
    },
    stop: async () => {
      running.kill('SIGKILL');
      await running.ended;
    },
  };
}
