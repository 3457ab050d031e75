import { type ChildProcessWithoutNullStreams, execFile, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** `answer-to-head`: the request's method was HEAD. */
export type MessageKind = 'request' | 'answer' | 'answer-to-head';

/** A piece of a chunked body: where the piece begins. */
export type ChunkPlace = 'size' | 'data-end';

/** What main.c says of one piece of a chunked body: `bytes` are surely of it, and behind them is `place`. */
export type ChunksScan = {
  readonly result: 'incomplete' | 'other' | 'canonical';
  readonly bytes: number;
  readonly place: ChunkPlace;
};

/** What main.c says of one message and of all pieces that it begins with. Spans are [offset, length]. */
export type Scan = {
  readonly result: 'incomplete' | 'other' | 'canonical';
  /** Length of the longest incomplete piece; -1: none. */
  readonly pending: number;
  /** Length of the shortest piece that is not incomplete. */
  readonly settled: number;
  /** All pieces from `settled` on have the same result. */
  readonly steady: boolean;
  readonly method: readonly [number, number];
  readonly target: readonly [number, number];
  readonly host: readonly [number, number];
  readonly headBytes: number;
  readonly bodyBytes: number;
  readonly isHead: boolean;
  readonly status: number;
  readonly statusLineBytes: number;
  readonly hasField: boolean;
  readonly chunked: boolean;
};

/** main.c in a process of its own, asked again and again. */
export class ScannerProgram implements AsyncDisposable {
  readonly #folder: string;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #waiting: PromiseWithResolvers<Word>[] = [];
  #out = Buffer.alloc(0);
  #said = '';
  #died = false;

  static async start(): Promise<ScannerProgram> {
    const folder = await mkdtemp(join(tmpdir(), 'weir-scanner-'));
    const path = join(folder, 'scanner');
    await promisify(execFile)(fileURLToPath(new URL('build', import.meta.url)), [path]);
    return new ScannerProgram(folder, path);
  }

  private constructor(folder: string, path: string) {
    this.#folder = folder;
    // Without address randomisation: with many random bits the sanitizer's shadow memory may find no place.
    this.#child = spawn('setarch', ['-R', path]);
    this.#child.stdout.on('data', (bytes: Buffer) => this.#take(bytes));
    this.#child.stderr.on('data', (bytes: Buffer) => (this.#said += bytes.toString()));
    this.#child.stdin.on('error', () => undefined); // the process has died, which `close` tells with its reason
    this.#child.on('close', () => {
      this.#died = true;
      for (const waiting of this.#waiting.splice(0)) waiting.reject(this.#failure());
    });
  }

  /** `name`: a field to look for. Rejects if a sanitizer ended the process. */
  async scan(kind: MessageKind, message: Uint8Array, name: Uint8Array): Promise<Scan> {
    return scanOf(await this.#ask(KINDS.indexOf(kind), message, name));
  }

  async scanChunks(from: ChunkPlace, piece: Uint8Array): Promise<ChunksScan> {
    const word = await this.#ask(KINDS.length + PLACES.indexOf(from), piece, new Uint8Array());
    return {
      result: RESULTS[word(0)] ?? 'other',
      bytes: word(11) + word(12) * 2 ** 32,
      place: PLACES[word(16)] ?? 'size',
    };
  }

  #ask(kind: number, message: Uint8Array, name: Uint8Array): Promise<Word> {
    const header = Uint32Array.of(kind, message.length, name.length);
    if (this.#died) return Promise.reject(this.#failure());
    const waiting = Promise.withResolvers<Word>();
    this.#waiting.push(waiting);
    this.#child.stdin.write(Buffer.concat([new Uint8Array(header.buffer), message, name]));
    return waiting.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.stdin.end();
    await rm(this.#folder, { recursive: true, force: true });
  }

  #failure(): Error {
    return new Error(`the scanner died: ${this.#said}`);
  }

  #take(bytes: Buffer): void {
    this.#out = Buffer.concat([this.#out, bytes]);
    for (; this.#out.length >= WORDS * 4; this.#out = this.#out.subarray(WORDS * 4)) {
      const words = Array.from({ length: WORDS }, (_, at) => this.#out.readUInt32LE(at * 4));
      this.#waiting.shift()?.resolve((at) => words[at] ?? 0);
    }
  }
}

const KINDS: readonly MessageKind[] = ['request', 'answer', 'answer-to-head'];
const PLACES: readonly ChunkPlace[] = ['size', 'data-end'];
const RESULTS = ['incomplete', 'other', 'canonical'] as const;
/** As `enum word` of main.c has them. */
const WORDS = 17;
type Word = (at: number) => number;

function scanOf(word: Word): Scan {
  return {
    result: RESULTS[word(0)] ?? 'other',
    pending: word(1) - 1,
    settled: word(2),
    steady: word(3) === 1,
    method: [word(4), word(5)],
    target: [word(6), word(7)],
    host: [word(8), word(9)],
    headBytes: word(10),
    bodyBytes: word(11) + word(12) * 2 ** 32,
    isHead: word(13) === 1,
    status: word(13),
    statusLineBytes: word(14),
    hasField: word(15) === 1,
    chunked: word(16) === 1,
  };
}
