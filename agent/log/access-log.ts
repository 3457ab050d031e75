import type { AccessLogFormat } from '../config/common-config.ts';
import { openLogDescriptor } from './descriptor.ts';
import { formatLine, lineFormatter } from './format.ts';
import type { AccessRecord, ExchangeFacts } from './record.ts';
import { openSink, type Sink, type SinkStats } from './sink.ts';

export type AccessLog = {
  /** Never waits, never throws. On disk at most 200 ms later. */
  readonly write: (record: AccessRecord) => void;
  /** Writes records that are `record` but for what it is given, as `write` would, in a fraction of the time. */
  readonly writerLike: (record: AccessRecord) => (exchange: ExchangeFacts) => void;
  /** Settles when all records so far are written, or could not be. */
  readonly flush: () => Promise<void>;
  /** Log rotation (SIGHUP): later records go to a file newly opened under the same path. Nothing to do for `-`. */
  readonly reopen: () => void;
  readonly close: () => Promise<void>;
  readonly stats: () => SinkStats;
};

export type AccessLogOptions = {
  /** A file, appended to; `-` is standard output. */
  readonly path: string;
  readonly format: AccessLogFormat;
  /** Told once when writing begins to fail, and when a reopen fails (the old file stays in use). */
  readonly onError: (error: Error) => void;
  /** Bytes held at most while nobody takes them; default 8 MiB. */
  readonly limitBytes?: number;
};

/** Throws the system's error if the file cannot be opened: an agent that cannot report must not start. */
export function openAccessLog(options: AccessLogOptions): AccessLog {
  const { path, format, onError, limitBytes = 8 * 1024 * 1024 } = options;
  const retiring = new Set<Promise<void>>();
  let past: SinkStats = { dropped: 0, errors: 0, heldBytes: 0 };
  let current = open();

  return {
    write: (record) => current.write(formatLine(record, format)),
    writerLike: (record) => {
      const line = lineFormatter(record, format);
      return (exchange) => current.write(line(exchange));
    },
    flush: () => current.flush(),
    reopen: () => {
      if (path === '-') return;
      const former = current;
      try {
        current = open();
      } catch (thrown) {
        onError(thrown instanceof Error ? thrown : new Error(String(thrown)));
        return;
      }
      const retired = retire(former);
      retiring.add(retired);
      void retired.finally(() => retiring.delete(retired));
    },
    close: async () => {
      await Promise.all([...retiring, current.close()]);
    },
    stats: () => added(past, current.stats()),
  };

  function open(): Sink {
    return openSink({ to: openLogDescriptor(path), limitBytes, onError });
  }

  async function retire(sink: Sink): Promise<void> {
    await sink.close();
    past = added(past, sink.stats());
  }
}

function added(a: SinkStats, b: SinkStats): SinkStats {
  return { dropped: a.dropped + b.dropped, errors: a.errors + b.errors, heldBytes: a.heldBytes + b.heldBytes };
}
