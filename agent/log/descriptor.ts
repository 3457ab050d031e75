import { constants, fstatSync, openSync } from 'node:fs';

/**
 * A descriptor on which a write never waits: `-` is standard output, anything else a file that is appended to. Throws
 * the system's error (ENOENT, EACCES, ENXIO: a FIFO without reader, …).
 */
export function openLogDescriptor(path: string): number {
  return path === '-' ? withoutWaiting(1) : openSync(path, APPEND | constants.O_CREAT, FILE_MODE);
}

const APPEND = constants.O_WRONLY | constants.O_APPEND | constants.O_NONBLOCK;
/** Paths and queries may hold secrets: nobody else's to read. */
const FILE_MODE = 0o640;

/**
 * A pipe or terminal is opened anew, since O_NONBLOCK on the descriptor we were given would change it for everyone who
 * shares it. A regular file never makes a writer wait. A socket cannot be opened this way and stays as it is.
 */
export function withoutWaiting(fd: 1 | 2): number {
  const stat = fstatSync(fd);
  if (!stat.isFIFO() && !stat.isCharacterDevice()) return fd;
  try {
    return openSync(`/proc/self/fd/${fd}`, APPEND);
  } catch {
    return fd; // /proc hidden, or another user's terminal: the shared descriptor still writes, but may wait
  }
}
