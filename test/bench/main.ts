/** `npm run bench`: contenders side by side in network namespaces. Needs root and haproxy; see docs/gate.md. */
import { contendersNamed } from './contenders.ts';
import { type Load, measure } from './measure.ts';
import { type BenchOptions, readOptions, USAGE } from './options.ts';
import { makeStage, type Stage } from './stage.ts';
import { type Row, tableText } from './table.ts';

try {
  await bench(readOptions(process.argv.slice(2)));
} catch (thrown) {
  process.stderr.write(`${thrown instanceof Error ? thrown.message : String(thrown)}\n${USAGE}\n`);
  process.exitCode = 1;
}

async function bench(options: BenchOptions): Promise<void> {
  const stage = await makeStage(contendersNamed(options.contenders), options);
  try {
    for (const mode of options.modes) {
      for (const connections of options.connections) {
        const rows = await rounds(stage, { mode, connections }, options);
        process.stdout.write(`${tableText(titleOf({ mode, connections }, options), rows)}\n`);
      }
    }
  } finally {
    await stage.close();
  }
}

/** Interleaved: each round has a run of every contender. */
async function rounds(stage: Stage, load: Load, options: BenchOptions): Promise<readonly Row[]> {
  const rows = stage.entrants.map(({ contender }) => ({
    contender,
    runs: [] as Awaited<ReturnType<typeof measure>>[],
  }));
  for (let round = 0; round < options.rounds; round++) {
    for (const [index, entrant] of stage.entrants.entries()) {
      const run = await measure(stage, entrant, load, options);
      process.stderr.write(`round ${round + 1}: ${entrant.contender.name} ${run.rate.toFixed(0)}/s\n`);
      rows[index]?.runs.push(run);
    }
  }
  return rows;
}

function titleOf({ mode, connections }: Load, { rounds: count, measureMs, bodyBytes }: BenchOptions): string {
  const what = mode === 'keep' ? 'connections kept alive' : 'connections at once, one request each';
  return `${connections} ${what}, answers of ${bodyBytes} bytes; ${count} rounds of ${measureMs / 1000} s`;
}
