import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hashOf } from './random.ts';

/** An input that broke the invariant of a target. `kind`: `invariant`, `hang`, or the name of what was thrown. */
export type Crash = { readonly kind: string; readonly input: Uint8Array; readonly says: string };

const CORPUS = new URL('../corpus/', import.meta.url);

/** What stands in the tree for a target, beside its seeds: name and bytes of each file. */
export function corpusOf(target: string): readonly (readonly [file: string, bytes: Uint8Array])[] {
  const folder = new URL(`${target}/`, CORPUS);
  return corpusFolders().includes(target)
    ? readdirSync(folder)
        .sort()
        .map((file) => [file, new Uint8Array(readFileSync(new URL(file, folder)))])
    : [];
}

export function corpusFolders(): readonly string[] {
  return readdirSync(CORPUS);
}

/** The crash as a file of the corpus; answers its path from the root of the tree. */
export function keepCrash(target: string, { kind, input }: Crash): string {
  const folder = new URL(`${target}/`, CORPUS);
  const file = new URL(`crash-${kind}-${hashOf(input).toString(16).padStart(8, '0')}`, folder);
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, input);
  return relative(fileURLToPath(new URL('../../../', import.meta.url)), fileURLToPath(file));
}

export function crashOf(input: Uint8Array, thrown: unknown): Crash {
  if (!(thrown instanceof Error)) return { kind: 'thrown', input, says: String(thrown) };
  const kind = thrown.name === 'AssertionError' ? 'invariant' : thrown.name.toLowerCase().replaceAll(/[^a-z]+/g, '-');
  return { kind, input, says: thrown.stack ?? thrown.message };
}
