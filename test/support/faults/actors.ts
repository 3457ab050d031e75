import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Lab, Place } from '../lab/lab.ts';
import { waitFor } from '../lab/wait.ts';
import type { Numbered, Order } from './actor.ts';

/** Resolves when the order is done; what never comes about never resolves. */
export type Actor = (order: Order) => Promise<void>;

const PROGRAM = fileURLToPath(new URL('./actor.ts', import.meta.url));

/** An actor (actor.ts) in this place; ends with the lab. */
export async function startActor(lab: Lab, place: Place): Promise<Actor> {
  const path = `${lab.folder}/actor-${place}.sock`;
  const program = lab.spawn(place, [process.execPath, PROGRAM, 'run', path]);
  await waitFor('the actor listens', () => existsSync(path), { told: program.stderr });
  const socket = connect(path);
  socket.on('error', () => {}); // the actor ends with the lab, and so does this
  const pending = new Map<number, () => void>();
  createInterface({ input: socket }).on('line', (line) => {
    const { id } = JSON.parse(line) as { readonly id: number }; // written by actor.ts alone
    pending.get(id)?.();
    pending.delete(id);
  });
  let given = 0;
  return (order) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const numbered: Numbered = { id: ++given, order };
    pending.set(numbered.id, resolve);
    socket.write(`${JSON.stringify(numbered)}\n`);
    return promise;
  };
}
