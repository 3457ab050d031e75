import { setImmediate } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Problem } from '../model/resource.ts';
import type { ResourceSet } from '../registry/model.ts';
import { readDocuments } from './documents.ts';
import { type FileText, type FolderText, fileProblem, readFolderText } from './folder.ts';
import { onFolderChange } from './folder-change.ts';
import { type FileReading, type InForce, NOTHING_IN_FORCE, resourceSetOf, settle } from './in-force.ts';

/** What a folder of resources amounts to at one moment. */
export type Loaded = {
  /** All that is in force: every valid document, and the last good version of those that are not. */
  readonly set: ResourceSet;
  /** In the order of files and lines. */
  readonly problems: readonly Problem[];
  /** Counts the loads of one watch that brought something new; 1 for the first. */
  readonly generation: number;
  /** False if the folder itself could not be read, which is one of the problems. */
  readonly readable: boolean;
};

export type Watching = {
  /** Fulfilled after the first call of `onLoaded`, or by `close`. Never rejected. */
  readonly ready: Promise<void>;
  readonly close: () => void;
};

/** The folder as it is now, without a past: a document that is not valid is absent. Never rejects. */
export async function readFolder(dir: string): Promise<Loaded> {
  const { loaded } = await new Folder(dir).take(await readFolderText(dir));
  return loaded;
}

/**
 * Calls `onLoaded` with the folder as it is, and again whenever it has become another: within 1 s of the last write,
 * whether files are written, renamed or links swapped, also when the folder itself goes and comes. While the folder
 * cannot be read, all stays in force.
 */
export function watchFolder(dir: string, onLoaded: (loaded: Loaded) => void): Watching {
  const folder = new Folder(dir);
  const first = Promise.withResolvers<void>();
  const change = onFolderChange(dir, async () => {
    const { loaded, news } = await folder.take(await readFolderText(dir));
    if (news && !change.closed()) onLoaded(loaded);
    first.resolve();
  });
  const close = () => {
    change.close();
    first.resolve();
  };
  return { ready: first.promise, close };
}

/** The memory between two readings of one folder. */
class Folder {
  readonly #dir: string;
  #inForce: InForce = NOTHING_IN_FORCE;
  #files: ReadonlyMap<string, ReadFile> = new Map();
  #last: Loaded | undefined;

  constructor(dir: string) {
    this.#dir = dir;
  }

  /** `news`: something differs from the last time. */
  async take(text: FolderText): Promise<{ readonly loaded: Loaded; readonly news: boolean }> {
    const changed = text.ok && (await this.#read(text.files));
    const problems = text.ok ? this.#settle() : [text.problem];
    const last = this.#last;
    if (last && !changed && last.readable === text.ok && isDeepStrictEqual(last.problems, problems)) {
      return { loaded: last, news: false };
    }
    const generation = (last?.generation ?? 0) + 1;
    this.#last = { set: resourceSetOf(this.#inForce), problems, generation, readable: text.ok };
    return { loaded: this.#last, news: true };
  }

  /** Reads the documents of what has another text than before; true if anything has. */
  async #read(files: readonly FileText[]): Promise<boolean> {
    const before = this.#files;
    const now = new Map<string, ReadFile>();
    for (const { file, ...content } of files) {
      const known = before.get(file);
      if ('problem' in content) now.set(file, { text: undefined, reading: { file, problem: content.problem } });
      else if (known && known.text === content.text) now.set(file, known);
      else {
        await setImmediate(); // flows go on between two files
        now.set(file, { text: content.text, reading: { file, documents: readDocuments(file, content.text) } });
      }
    }
    this.#files = now;
    return now.size !== before.size || [...now].some(([file, read]) => before.get(file)?.text !== read.text);
  }

  #settle(): readonly Problem[] {
    const readings = [...this.#files.values()].map((file) => file.reading);
    const { inForce, problems } = settle(this.#inForce, readings);
    this.#inForce = inForce;
    if (readings.length > 0) return problems;
    const message = 'no file ends in .yaml, .yml or .json: nothing is configured, so every connection is refused';
    return [{ ...fileProblem(this.#dir, message), severity: 'warning' }];
  }
}

/** The text is kept so that an unchanged file costs nothing; undefined if there was none to read. */
type ReadFile = { readonly text: string | undefined; readonly reading: FileReading };
