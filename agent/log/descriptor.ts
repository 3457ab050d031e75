import { constants, fstatSync, openSync } from 'node:fs';

export type LogDescriptor = {
  readonly fd: number;
  /** A write may wait: for a disk, or for the reader of a socket. Else it is taken or refused (EAGAIN) at once. */
  readonly mayWait: boolean;
};

/**
 * `-` is standard output, anything else a file that is appended to. Throws the system's error (ENOENT, EACCES, ENXIO: a
 * FIFO without reader, …).
 */
export function openLogDescriptor(path: string): LogDescriptor {
  if (path === '-') return standardStream(1);
  const fd = openSync(path, APPEND | constants.O_CREAT, FILE_MODE);
  return { fd, mayWait: fstatSync(fd).isFile() };
}

const APPEND = constants.O_WRONLY | constants.O_APPEND | constants.O_NONBLOCK;
/** Paths and queries may hold secrets: nobody else's to read. */
const FILE_MODE = 0o640;

/**
 * A pipe or terminal is opened anew, since O_NONBLOCK on the descriptor we were given would change it for everyone who
 * shares it. A socket cannot be opened this way and stays as it is.
 */
export function standardStream(fd: 1 | 2): LogDescriptor {
  const stat = fstatSync(fd);
  if (!stat.isFIFO() && !stat.isCharacterDevice()) return { fd, mayWait: true };
  try {
    return { fd: openSync(`/proc/self/fd/${fd}`, APPEND), mayWait: false };
  } catch {
    return { fd, mayWait: true }; // /proc hidden, or another user's terminal: the shared descriptor still writes
  }
}
