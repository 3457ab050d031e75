import { type FSWatcher, watch } from 'node:fs';
import { basename } from 'node:path';
import { fingerprint, isResourceFile, signatureOf } from './folder.ts';

export type FolderChange = { readonly close: () => void; readonly closed: () => boolean };

/**
 * Runs `look` once at once, and again whenever the folder may have changed; never two at a time. The kernel's events
 * say it first; a slow poll sees what they do not: the folder itself replaced, network file systems, no watches left.
 */
export function onFolderChange(dir: string, look: () => Promise<void>): FolderChange {
  return new FolderEye(dir, look);
}

/** Writers pause for less between two writes of one file; more would be felt by whoever waits for a change. */
const QUIET_MS = 100;
/** Somebody who writes without a pause does not keep a change out for ever. */
const LONGEST_DELAY_MS = 2_000;
const POLL_MS = 400;
/** A poll that looks at each file costs a system call a file. */
const POLLS_PER_FULL_LOOK = 10;

class FolderEye implements FolderChange {
  readonly #dir: string;
  readonly #look: () => Promise<void>;
  #watcher: FSWatcher | undefined;
  #watched = '';
  #poll: NodeJS.Timeout | undefined;
  #quiet: NodeJS.Timeout | undefined;
  #firstEventAt: number | undefined;
  #polls = 0;
  #seen = '';
  #busy = false;
  #again = false;
  #closed = false;

  constructor(dir: string, look: () => Promise<void>) {
    this.#dir = dir;
    this.#look = look;
    void this.#start();
  }

  readonly closed = (): boolean => this.#closed;

  readonly close = (): void => {
    this.#closed = true;
    this.#watcher?.close();
    clearTimeout(this.#poll);
    clearTimeout(this.#quiet);
  };

  async #start(): Promise<void> {
    await this.#rewatch();
    this.#seen = await fingerprint(this.#dir);
    await this.#lookNow();
    this.#pollLater();
  }

  #pollLater(): void {
    if (this.#closed) return;
    this.#poll = setTimeout(() => void this.#pollNow(), POLL_MS);
  }

  async #pollNow(): Promise<void> {
    const replaced = await this.#rewatch();
    this.#polls++;
    if (replaced || !this.#watcher || this.#polls % POLLS_PER_FULL_LOOK === 0) {
      const seen = await fingerprint(this.#dir);
      if (replaced || seen !== this.#seen) this.#mayHaveChanged();
      this.#seen = seen;
    }
    this.#pollLater();
  }

  /** A watch holds to the folder that it was set on: when the path names another, it is set anew. */
  async #rewatch(): Promise<boolean> {
    const now = identityOf(await signatureOf(this.#dir));
    if (this.#closed || (now === this.#watched && this.#watcher)) return false;
    const replaced = now !== this.#watched;
    this.#watched = now;
    this.#watcher?.close();
    this.#watcher = watcherOf(this.#dir, (name) => this.#event(name));
    this.#watcher?.on('error', () => this.#unwatch());
    return replaced;
  }

  #event(name: string | undefined): void {
    // The folder itself was removed or moved: the next one may well get its inode, so only this tells them apart.
    if (name === basename(this.#dir)) this.#unwatch();
    else if (name !== undefined && !isResourceFile(name) && !name.startsWith('..')) return;
    this.#mayHaveChanged();
  }

  /** The next poll sets another watch, or goes on without. */
  #unwatch(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
    this.#watched = '';
  }

  #mayHaveChanged(): void {
    if (this.#closed) return;
    const now = performance.now();
    this.#firstEventAt ??= now;
    const delay = Math.min(QUIET_MS, Math.max(0, this.#firstEventAt + LONGEST_DELAY_MS - now));
    clearTimeout(this.#quiet);
    this.#quiet = setTimeout(() => {
      this.#firstEventAt = undefined;
      void this.#lookNow();
    }, delay);
  }

  async #lookNow(): Promise<void> {
    this.#again = this.#busy;
    if (this.#busy || this.#closed) return;
    this.#busy = true;
    await this.#look().finally(() => (this.#busy = false));
    if (this.#again) await this.#lookNow();
  }
}

/** Device and inode. */
function identityOf(signature: string): string {
  return signature.split(' ').slice(0, 2).join(' ');
}

/** undefined where the kernel gives none (no such folder, no watches left): the poll is then all there is. */
function watcherOf(dir: string, changed: (name: string | undefined) => void): FSWatcher | undefined {
  try {
    return watch(dir, (_event, name) => changed(name ?? undefined));
  } catch {
    return undefined;
  }
}
