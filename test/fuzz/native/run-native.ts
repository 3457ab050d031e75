/** Fuzzing of the C core by libFuzzer. What it found worth keeping is then read by TypeScript, too. */
import { execFile, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ScannerProgram } from '../../native/scanner/scanner-program.ts';
import { type Crash, corpusOf, crashOf } from '../harness/crash.ts';
import type { Progress } from '../harness/explore.ts';
import { Kept } from '../harness/kept.ts';
import type { Outcome } from '../harness/watch.ts';
import type { NativeTarget } from './native-targets.ts';

export type NativeRun = {
  readonly target: NativeTarget;
  readonly seed: number;
  readonly ms: number;
  /** Folder of what earlier runs found, where libFuzzer puts what it finds. undefined: nothing is kept. */
  readonly corpus?: string;
};

/** Rejects if it cannot be built: then clang is missing. */
export async function fuzzNative(
  run: NativeRun,
  onProgress: (progress: Progress) => void = () => undefined,
): Promise<Outcome> {
  const folder = await mkdtemp(join(tmpdir(), 'weir-fuzz-'));
  try {
    const program = await built(run.target, folder);
    const corpus = run.corpus ?? join(folder, 'corpus');
    const { seeds, words } = await begun(run.target, folder);
    await mkdir(corpus, { recursive: true });
    const options = [
      `-max_total_time=${Math.ceil(run.ms / 1000)}`,
      `-seed=${run.seed >>> 0 || 1}`,
      HANG,
      '-max_len=8192',
      ...(run.target.tokens.length > 0 ? [`-dict=${words}`] : []), // an empty one is an error
      `-artifact_prefix=${folder}/crash-`,
    ];
    const { code, said } = await ran(program, [...options, corpus, seeds], onProgress);
    const progress = progressOf(said);
    if (code !== 0) return { progress, crash: await crashFrom(program, folder, said) };
    const inputs = [...(await filesOf(seeds)), ...Kept.open(corpus).inputs];
    if (run.corpus !== undefined) await condense(program, folder, run.corpus);
    const [crash] = await disagreements(run.target, inputs);
    return { progress, crash };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Of what libFuzzer kept, removes what shows nothing beside the others: mostly what it has since made smaller. */
async function condense(program: string, folder: string, corpus: string): Promise<void> {
  const needed = join(folder, 'needed');
  await mkdir(needed);
  const { code } = await ran(program, ['-merge=1', needed, corpus]);
  if (code !== 0) return; // all of it stays, then; Kept bounds it
  const names = new Set(await readdir(needed));
  const unneeded = (await readdir(corpus)).filter((name) => LIBFUZZER_NAME.test(name) && !names.has(name));
  await Promise.all(unneeded.map((name) => rm(join(corpus, name), { force: true })));
}

/** SHA-1 of the content. */
const LIBFUZZER_NAME = /^[0-9a-f]{40}$/;

/** Each input alone. Answers what is said of those that break the invariant, or that TypeScript reads differently. */
export async function replayNative(
  target: NativeTarget,
  inputs: readonly Uint8Array[],
): Promise<ReadonlyMap<Uint8Array, string>> {
  const folder = await mkdtemp(join(tmpdir(), 'weir-fuzz-'));
  try {
    const program = await built(target, folder);
    const file = join(folder, 'input');
    const wrong = new Map<Uint8Array, string>();
    for (const input of inputs) {
      await writeFile(file, input);
      const { code, said } = await ran(program, [HANG, file]);
      if (code !== 0) wrong.set(input, said);
    }
    const sound = inputs.filter((input) => !wrong.has(input));
    for (const { input, says } of await disagreements(target, sound)) wrong.set(input, says);
    return wrong;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function built(target: NativeTarget, folder: string): Promise<string> {
  const program = join(folder, target.name);
  await promisify(execFile)(fileURLToPath(new URL('build', import.meta.url)), [target.name, program]);
  return program;
}

/** Seeds and the tree's corpus as files, and the dictionary. */
async function begun(target: NativeTarget, folder: string): Promise<{ seeds: string; words: string }> {
  const [seeds, words] = [join(folder, 'seeds'), join(folder, 'words')];
  await mkdir(seeds);
  const inputs = [...target.seeds(), ...corpusOf(target.name).map(([, bytes]) => bytes)];
  for (const [at, bytes] of inputs.entries()) await writeFile(join(seeds, `${at}`), bytes);
  const escaped = (token: string) =>
    [...Buffer.from(token, 'latin1')].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
  await writeFile(words, target.tokens.map((token) => `"${escaped(token)}"\n`).join(''));
  return { seeds, words };
}

type Ran = { readonly code: number; readonly said: string };

function ran(program: string, options: readonly string[], onProgress?: (progress: Progress) => void): Promise<Ran> {
  // Without address randomisation: with many random bits the sanitizer's shadow memory may find no place.
  const child = spawn('setarch', ['-R', program, ...options], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  let told = performance.now();
  child.stderr.on('data', (bytes: Buffer) => {
    said = (said + bytes.toString('latin1')).slice(-SAID_CAP);
    if (!onProgress || performance.now() - told < TELL_MS) return;
    told = performance.now();
    onProgress(progressOf(said));
  });
  const { promise, resolve, reject } = Promise.withResolvers<Ran>();
  child.on('error', reject);
  child.on('close', (code) => resolve({ code: code ?? 1, said }));
  return promise;
}

/** As long as watch.ts waits, in seconds. */
const HANG = '-timeout=10';
const TELL_MS = 5000;
const SAID_CAP = 64 * 1024;

/** `#8192 NEW cov: 250 ft: 1222 corp: 440/61Kb …`: features are what inputs showed. */
function progressOf(said: string): Progress {
  const last = [...said.matchAll(/^#(\d+)\t.*? ft: (\d+) corp: (\d+)/gm)].at(-1);
  const [, executions = 0, shown = 0, corpus = 0] = last ?? [];
  return { executions: Number(executions), shown: Number(shown), corpus: Number(corpus) };
}

/** Made smaller by libFuzzer for at most 20 s; of a hang or a leak the input as it is. */
async function crashFrom(program: string, folder: string, said: string): Promise<Crash> {
  const found = (await readdir(folder)).find((file) => file.startsWith('crash-'));
  if (found === undefined) throw new Error(`libFuzzer ended early: ${said.slice(-2000)}`);
  const file = join(folder, found);
  const smaller = join(folder, 'smaller');
  await ran(program, ['-minimize_crash=1', '-max_total_time=20', `-exact_artifact_path=${smaller}`, file]);
  const bytes = await readFile(smaller).catch(() => readFile(file));
  return { kind: kindOf(said), input: new Uint8Array(bytes), says: said.slice(-4000) };
}

function kindOf(said: string): string {
  if (said.includes('broken invariant')) return 'invariant';
  const [, kind = 'unknown'] = /SUMMARY: \w+: ([a-z-]+)/i.exec(said) ?? [];
  return kind.toLowerCase();
}

/** Those that TypeScript reads differently. */
async function disagreements({ agrees }: NativeTarget, inputs: readonly Uint8Array[]): Promise<readonly Crash[]> {
  if (!agrees || inputs.length === 0) return [];
  await using scanner = await ScannerProgram.start();
  const crashes: Crash[] = [];
  for (const input of inputs) {
    try {
      await agrees(scanner, input);
    } catch (thrown) {
      crashes.push({ ...crashOf(input, thrown), kind: 'disagreement' });
    }
  }
  return crashes;
}

async function filesOf(folder: string): Promise<readonly Uint8Array[]> {
  const files = await readdir(folder);
  return Promise.all(files.map(async (file) => new Uint8Array(await readFile(join(folder, file)))));
}
