/**
 * What `npm run fuzz` found worth changing further, kept from one run to the next: a file for each input, named by its
 * content, none longer than INPUT_CAP_BYTES, and of more than KEPT_CAP the newest. The tests neither read nor write it:
 * their inputs are the same everywhere.
 */
import { hash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { INPUT_CAP_BYTES } from './target.ts';

/** What a long run leaves is some hundred inputs for each target; as many as this are read again within seconds. */
export const KEPT_CAP = 1024;

/** Beside the compiled code that the programs keep: what is there may be removed at any time. */
export function keptFolder(target: string): string {
  return fileURLToPath(new URL(`../../../node_modules/.cache/weir/fuzz/${target}`, import.meta.url));
}

export class Kept {
  readonly folder: string;
  /** Of earlier runs, oldest first. */
  readonly inputs: readonly Uint8Array[];
  readonly #names: string[];

  /** `warn` is told of each file that cannot be read as an input; it stays where it is. */
  static open(folder: string, warn: (text: string) => void = toStandardError): Kept {
    mkdirSync(folder, { recursive: true });
    const files = readdirSync(folder).flatMap((name) => fileOf(folder, name, warn) ?? []);
    files.sort((one, other) => one.changedAt - other.changedAt || (one.name < other.name ? -1 : 1));
    for (const { name } of files.splice(0, files.length - KEPT_CAP)) rmSync(join(folder, name), { force: true });
    return new Kept(folder, files);
  }

  private constructor(folder: string, files: readonly File[]) {
    this.folder = folder;
    this.inputs = files.map(({ bytes }) => bytes);
    this.#names = files.map(({ name }) => name);
  }

  keep(input: Uint8Array): void {
    const name = hash('sha256', input).slice(0, 16);
    if (this.#names.includes(name)) return;
    // Whole at once under its name. What is left of a run ended in between is an input, too: any bytes are.
    const unfinished = join(this.folder, `${name}.${process.pid}`);
    writeFileSync(unfinished, input);
    renameSync(unfinished, join(this.folder, name));
    this.#names.push(name);
    for (const oldest of this.#names.splice(0, this.#names.length - KEPT_CAP))
      rmSync(join(this.folder, oldest), { force: true });
  }
}

type File = { readonly name: string; readonly bytes: Uint8Array; readonly changedAt: number };

function fileOf(folder: string, name: string, warn: (text: string) => void): File | undefined {
  const path = join(folder, name);
  try {
    const { size, mtimeMs } = statSync(path);
    if (size <= INPUT_CAP_BYTES) return { name, bytes: new Uint8Array(readFileSync(path)), changedAt: mtimeMs };
    warn(`${path} is ignored: longer than ${INPUT_CAP_BYTES} bytes`);
  } catch (thrown) {
    // A folder, a file of somebody else, or one that another run has just removed: the others are as good.
    warn(`${path} is ignored: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
  return undefined;
}

function toStandardError(text: string): void {
  process.stderr.write(`${text}\n`);
}
