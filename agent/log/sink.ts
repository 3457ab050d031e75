/**
 * Lines to a descriptor through pino's writer (sonic-boom). It promises never to wait, never to throw, never to hold
 * more than a limit: a reader that does not read, a full disk or a closed pipe cost lines, and these are counted.
 */
import { closeSync } from 'node:fs';
import { destination } from 'pino';

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
  readonly fd: number;
  /** Bytes held at most while the destination does not take them. */
  readonly limitBytes: number;
  /** Told once when writing begins to fail, and again only after it had worked in between. */
  readonly onError: (error: Error) => void;
};

/** A quarter of the 200 ms that the access log promises: the rest is for a busy machine. */
const FLUSH_MS = 50;
/** A full batch is written at once. Whole lines only, unless one line alone is longer. */
const BATCH_BYTES = 16 * 1024;
const MAX_WRITE_BYTES = 64 * 1024;
const CLOSE_MS = 2_000;
/** At exit there is no event loop: the writer sleeps 100 ms between tries. */
const EXIT_TRIES = 5;

export function openSink({ fd, limitBytes, onError }: SinkOptions): Sink {
  let heldBytes = 0;
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
    dest: fd,
    sync: false,
    minLength: BATCH_BYTES,
    maxWrite: MAX_WRITE_BYTES,
    retryEAGAIN: () => exitTries-- > 0, // else our own timer tries again: the writer's would outlive close()
  });
  stream.on('write', written);
  stream.on('error', failed);
  stream.on('close', () => settle('closed'));
  // Ahead of pino's own exit hook, which would wait without end for a reader that does not read.
  process.prependListener('exit', writeLastWords);

  return {
    write: (line) => {
      const bytes = Buffer.byteLength(line);
      if (closing || state !== 'open' || heldBytes + bytes > limitBytes) {
        dropped++;
        return;
      }
      heldBytes += bytes;
      heldLines++;
      stream.write(line);
      arm();
    },
    flush: () => {
      if (heldBytes === 0 || state !== 'open') return Promise.resolve();
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.add(resolve);
      stream.flush();
      return promise;
    },
    close,
    stats: () => ({ dropped, errors, heldBytes }),
  };

  function arm(): void {
    if (timer || heldBytes === 0 || state !== 'open') return;
    timer = setTimeout(() => {
      timer = undefined;
      if (heldBytes > 0 && state === 'open') stream.flush();
      arm();
    }, FLUSH_MS).unref();
  }

  function written(bytes: number): void {
    heldBytes = Math.max(0, heldBytes - bytes);
    failing = false;
    if (heldBytes > 0) return;
    heldLines = 0;
    release();
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
    state = next;
    dropped += heldLines;
    heldBytes = 0;
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
      stream.end();
      await promise;
      clearTimeout(limit);
      if (heldBytes > 0) stream.destroy();
    } else if (state === 'broken' && fd > 2) closeSync(fd);
    settle('closed');
  }

  function writeLastWords(): void {
    if (state !== 'open' || heldBytes === 0) return;
    exitTries = EXIT_TRIES;
    try {
      stream.flushSync();
    } catch {
      stream.destroy(); // so that pino's exit hook does not try again
    }
  }
}
