/** `npm run fuzz`: one target for longer; see README.md. */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { TARGETS, targetNamed } from './all-targets.ts';
import { crashOf, keepCrash } from './harness/crash.ts';
import type { Progress } from './harness/explore.ts';
import { Kept, keptFolder } from './harness/kept.ts';
import { fuzz, type Outcome } from './harness/watch.ts';
import { NATIVE_TARGETS } from './native/native-targets.ts';
import { fuzzNative, replayNative } from './native/run-native.ts';

const USAGE = `npm run fuzz -- TARGET [--minutes N] [--seed S]
npm run fuzz -- TARGET --replay FILE
npm run fuzz -- --list`;
const HELP = `${USAGE}

Changes inputs of one parser, for a minute or for N, until one breaks the parser's invariant. That one is made small and
kept in test/fuzz/corpus/TARGET.

Examples:
  # ten minutes; the next run goes on from what this one finds
  npm run fuzz -- client-hello --minutes 10
  # one input again, with every prefix and split
  npm run fuzz -- resources --replay test/fuzz/corpus/resources/seed-steering.yaml

Exit: 0 the invariant held; 1 it did not; 64 bad options. More: test/fuzz/README.md`;

try {
  process.exitCode = await main();
} catch (thrown) {
  process.stderr.write(`${thrown instanceof Error ? thrown.message : String(thrown)}\n${USAGE}\n`);
  process.exitCode = 64;
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      help: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      minutes: { type: 'string', default: '1' },
      seed: { type: 'string' },
      replay: { type: 'string' },
    },
  });
  if (values.help) return help();
  if (values.list) return list();
  const [name, ...more] = positionals;
  if (name === undefined || more.length > 0) throw new Error('one target is needed');
  if (values.replay !== undefined) return replay(name, values.replay);
  const seed = values.seed === undefined ? Date.now() & 0x7fff_ffff : number(values.seed, 'seed');
  return run(name, seed, number(values.minutes, 'minutes') * 60_000);
}

function help(): number {
  say(HELP);
  return 0;
}

function list(): number {
  for (const { name, invariant } of TARGETS) say(`${name}\n    ${invariant}`);
  for (const { name } of NATIVE_TARGETS) say(`${name}\n    C, by libFuzzer: test/fuzz/native/${name}.c`);
  return 0;
}

async function run(name: string, seed: number, ms: number): Promise<number> {
  const native = NATIVE_TARGETS.find((each) => each.name === name);
  const kept = Kept.open(keptFolder((native ?? targetNamed(name)).name));
  say(`${name}: ${ms / 60_000} minutes, --seed ${seed}; ${kept.inputs.length} inputs of earlier runs`);
  const began = performance.now();
  const tell = (progress: Progress): void => {
    const perSecond = progress.executions / ((performance.now() - began) / 1000);
    say(
      `${progress.executions} inputs, ${perSecond.toFixed(0)}/s; ${progress.corpus} kept, ${progress.shown} things shown`,
    );
  };
  const outcome: Outcome = native
    ? await fuzzNative({ target: native, seed, ms, corpus: kept.folder }, tell)
    : await fuzz({ target: name, seed, ms, kept: kept.inputs }, tell, (input) => kept.keep(input));
  tell(outcome.progress);
  if (!outcome.crash) return 0;
  const file = keepCrash(name, outcome.crash);
  say(`${outcome.crash.says}\n${outcome.crash.input.length} bytes, kept as ${file}`);
  say(`again: npm run fuzz -- ${name} --replay ${file}`);
  return 1;
}

async function replay(name: string, file: string): Promise<number> {
  const native = NATIVE_TARGETS.find((each) => each.name === name);
  const input = new Uint8Array(readFileSync(file));
  const says = native ? (await replayNative(native, [input])).get(input) : replayed(name, input);
  say(says ?? 'the invariant holds');
  return says === undefined ? 0 : 1;
}

function replayed(name: string, input: Uint8Array): string | undefined {
  try {
    say(targetNamed(name).check(input, true).join('\n'));
    return undefined;
  } catch (thrown) {
    return crashOf(input, thrown).says;
  }
}

function number(text: string, what: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value < 0 || text === '') throw new Error(`--${what} ${text} is no number`);
  return value;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
