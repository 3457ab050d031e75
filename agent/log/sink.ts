/**
 * Lines to a descriptor through pino's writer (sonic-boom). It promises never to wait, never to throw, never to hold
 * more than a limit: a reader that does not read, a full disk or a closed pipe cost lines, and these are counted.
 */
import { closeSync } from 'node:fs';
import { destination } from 'pino';
import type { LogDescriptor } from './descriptor.ts';

export type Sink = {
  /** Buffered; written within FLUSH_MS if the destination takes it. */
  readonly write: (line: string) => void;
  /** Settles when all lines so far are written, or the destination failed. */
  readonly flush: () => Promise<void>;
  /** Writes what it holds, for at most CLOSE_MS, then lets go. */
  readonly close: () => Promise<void>;
  readonly stats: () => SinkStats;
};
export type SinkStats = { readonly dropped: number; readonly errors: number; readonly heldBytes: number };

export type SinkOptions = {
  readonly to: LogDescriptor;
  /** Bytes held at most while the destination does not take them. */
  readonly limitBytes: number;
  /** Told once when writing begins to fail, and again only after it had worked in between. */
  readonly onError: (error: Error) => void;
};

/** A quarter of the 200 ms that the access log promises: the rest is for a busy machine. */
const FLUSH_MS = 50;
/**
 * A full batch is written at once. The writer measures all it has queued anew with each piece, and writes one piece a
 * turn of the event loop: so it gets few and large ones.
 */
const BATCH_BYTES = 256 * 1024;
/** One turn may bring some thousand lines at once; with less than they need for a piece the queue would only grow. */
const PIECE_BYTES = 4 * 1024 * 1024;
/** At most, of a UTF-16 unit. */
const UTF8_BYTES_PER_UNIT = 3;
const CLOSE_MS = 2_000;
/** At exit there is no event loop: the writer sleeps 100 ms between tries. */
const EXIT_TRIES = 5;
/** What a thread is writing at exit gets this long, so that the rest comes behind it. */
const EXIT_WAIT_MS = 50;

export function openSink({ to, limitBytes, onError }: SinkOptions): Sink {
  /**
   * Lines become bytes one by one, 0.7 µs each. Gathered as one string they live on, as trees of pieces, until that is
   * written, and are flattened, measured and encoded several times: 3 µs each.
   */
  const batch = Buffer.allocUnsafeSlow(BATCH_BYTES);
  let batchBytes = 0;
  let heldLines = 0;
  let dropped = 0;
  let errors = 0;
  let failing = false;
  let lastError: Error | undefined;
  let state: 'open' | 'broken' | 'closed' = 'open';
  let closing = false;
  let exitTries = 0;
  let timer: NodeJS.Timeout | undefined;
  const waiting = new Set<() => void>();

  const stream = destination({
    dest: to.fd,
    // What never waits is written on this thread: then no half-written piece is under way when the process exits.
    sync: !to.mayWait,
    minLength: 1, // at 0 the writer ignores flush()
    maxWrite: PIECE_BYTES,
    contentMode: 'buffer',
    retryEAGAIN: () => exitTries-- > 0, // else our own timer tries again: the writer's would outlive close()
  });
  const writer: { write(bytes: string | Uint8Array): unknown } = stream; // its types do not know of the content mode
  stream.on('drain', written);
  stream.on('error', failed);
  stream.on('close', () => settle('closed'));
  // Ahead of pino's own exit hook, which would wait without end for a reader that does not read.
  process.prependListener('exit', writeLastWords);

  return {
    write: (line) => {
      if (closing || state !== 'open' || !take(line)) {
        dropped++;
        return;
      }
      heldLines++;
      arm();
    },
    flush: () => {
      if (heldBytes() === 0 || state !== 'open') return Promise.resolve();
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.add(resolve);
      push();
      return promise;
    },
    close,
    stats: () => ({ dropped, errors, heldBytes: heldBytes() }),
  };

  /** False if more would be held than may be. */
  function take(line: string): boolean {
    if (line.length * UTF8_BYTES_PER_UNIT > BATCH_BYTES - batchBytes) handOver();
    const held = heldBytes();
    if (line.length * UTF8_BYTES_PER_UNIT > BATCH_BYTES - batchBytes) {
      if (held + Buffer.byteLength(line) > limitBytes) return false;
      writer.write(Buffer.from(line));
      return true;
    }
    const bytes = batch.write(line, batchBytes);
    if (held + bytes > limitBytes) return false;
    batchBytes += bytes;
    return true;
  }

  function arm(): void {
    if (timer || heldBytes() === 0 || state !== 'open') return;
    timer = setTimeout(() => {
      timer = undefined;
      push();
      arm();
    }, FLUSH_MS).unref();
  }

  function handOver(): void {
    const bytes = Buffer.from(batch.subarray(0, batchBytes));
    batchBytes = 0;
    if (bytes.length > 0) writer.write(bytes);
  }

  /** Starts writing what is held, or tries again what could not be written. */
  function push(): void {
    if (state !== 'open' || heldBytes() === 0) return;
    handOver();
    if (heldBytes() > 0) stream.flush();
    written();
  }

  /** On 'drain', and after each push: some of the writer's own ways to an empty queue tell nobody. */
  function written(): void {
    if (state !== 'open' || heldBytes() > 0) return;
    heldLines = 0;
    failing = false;
    release();
  }

  /** The writer's `_len`: bytes it was given and has not written. Its events leave out what follows a partial write. */
  function heldBytes(): number {
    const queued: unknown = Reflect.get(stream, '_len');
    if (typeof queued !== 'number') throw new TypeError('this version of sonic-boom has no _len');
    return state === 'open' ? batchBytes + queued : 0;
  }

  function failed(error: NodeJS.ErrnoException): void {
    // EAGAIN is a reader that is slow; pino's hook tells the first error of a stream twice.
    if (error.code === 'EAGAIN' || error === lastError) return;
    lastError = error;
    errors++;
    if (!failing) onError(error);
    failing = true;
    if (error.code === 'EPIPE') settle('broken'); // pino has silenced the stream: nobody will ever read
    release();
  }

  /** What is still held is lost. Of lines of which a part was written the whole is counted. */
  function settle(next: 'broken' | 'closed'): void {
    if (state === 'closed') return;
    if (heldBytes() > 0) dropped += heldLines;
    state = next;
    batchBytes = 0;
    heldLines = 0;
    clearTimeout(timer);
    release();
  }

  function release(): void {
    for (const resolve of waiting) resolve();
    waiting.clear();
  }

  async function close(): Promise<void> {
    closing = true;
    process.off('exit', writeLastWords);
    if (state === 'open') {
      const { promise, resolve } = Promise.withResolvers<void>();
      stream.once('close', resolve);
      const limit = setTimeout(resolve, CLOSE_MS);
      handOver();
      stream.end();
      await promise;
      clearTimeout(limit);
      if (state === 'open') stream.destroy();
    } else if (state === 'broken' && to.fd > 2) closeSync(to.fd);
    settle('closed');
  }

  function writeLastWords(): void {
    if (state !== 'open' || heldBytes() === 0) return;
    exitTries = EXIT_TRIES;
    try {
      if (to.mayWait && heldBytes() > batchBytes)
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, EXIT_WAIT_MS);
      handOver();
      stream.flushSync();
    } catch {
      stream.destroy(); // so that pino's exit hook does not try again
    }
  }
}
