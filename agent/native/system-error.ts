import { constants } from 'node:os';

/** A system call was refused. `code` is the error's name (`EADDRINUSE`), `syscall` what was tried. */
export class SystemError extends Error {
  readonly code: string;
  readonly errno: number;
  readonly syscall: string;

  /** `errno` positive, as errno(3) has it. */
  constructor(syscall: string, errno: number, subject: string) {
    const code = errnoName(errno);
    super(`${syscall} ${subject}: ${code}`);
    this.name = 'SystemError';
    this.code = code;
    this.errno = errno;
    this.syscall = syscall;
  }
}

/** `ECONNREFUSED`; `E<number>` for one that this machine's list does not have. */
export function errnoName(errno: number): string {
  return names.get(errno) ?? `E${errno}`;
}

// Two numbers have two names each: the one that connect(2) and getsockopt(2) document is meant.
const names = new Map(Object.entries(constants.errno).map(([name, errno]) => [errno, name]));
names.set(constants.errno.EOPNOTSUPP, 'EOPNOTSUPP');
names.set(constants.errno.EAGAIN, 'EAGAIN');
