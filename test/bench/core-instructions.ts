import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { must } from '../support/lab/run.ts';

/** Instructions that the core itself (agent/native/core, user space) takes for a scripted case of its driver. */
export type CoreInstructions = { readonly does: string; readonly instructions: number };

/** The case of test/native/driver by its name, and what it is in numbers. */
const CASES = [
  { filter: 'the preamble goes first', does: 'one connection: accepted, dialled, preamble, held bytes, ends' },
  { filter: 'pipelined requests pass one by one', does: 'requests under a lease, pipelined' },
  { filter: 'heads in pieces of one byte pass', does: 'requests and answers under a lease, a byte at a time' },
] as const;

/** By callgrind, which counts the same each time save for waits: the least of a few runs. Nothing where valgrind is not there. */
export async function coreInstructions(folder: string): Promise<readonly CoreInstructions[]> {
  if (!existsSync('/usr/bin/valgrind')) {
    process.stderr.write('bench: no valgrind (apt-get install valgrind), so no instructions of the core\n');
    return [];
  }
  const driver = `${folder}/driver`;
  // As callgrind is to see it: optimised; line numbers it has.
  await must([fileURLToPath(new URL('../native/driver/build', import.meta.url)), driver, '-O2']);
  const counts: CoreInstructions[] = [];
  for (const { filter, does } of CASES) {
    const file = `${folder}/callgrind.out`;
    const runs: number[] = [];
    for (let run = 0; run < RUNS; run++) {
      await must(['valgrind', '--tool=callgrind', `--callgrind-out-file=${file}`, driver, filter], { limitMs: 60_000 });
      runs.push(instructionsIn((await must(['callgrind_annotate', '--threshold=100', file])).stdout));
    }
    counts.push({ does, instructions: Math.min(...runs) });
  }
  return counts;
}

const RUNS = 3;

/** Lines are `1,234 (5.6%) FILE:FUNCTION [OBJECT]`. Starting and freeing the whole mover (mover.c) is no flow's work. */
function instructionsIn(annotated: string): number {
  const lines = annotated.matchAll(/^\s*([\d,]+) \([ \d.]+%\)\s+\S*\/native\/core\/([\w-]+)\.[ch]:/gm);
  return [...lines]
    .filter(([, , file]) => file !== 'mover')
    .reduce((sum, [, count = '']) => sum + Number(count.replaceAll(',', '')), 0);
}
