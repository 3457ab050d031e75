import { createServer, type Server } from 'node:net';
import { setTimeout as after } from 'node:timers/promises';
import { EXIT } from './contract.ts';
import { InitFailure } from './failure.ts';

/** How long to wait for our own lock and for that of the legacy tools, before exit 75. */
export const LOCK_WAIT_SECONDS = 5;

// Abstract UNIX names belong to the network namespace (unix(7)), end with the process that holds them, and need no
// file: exactly the reach of the rules. /run/xtables.lock is of the mount namespace and unknown to the nft tools.
const NAME = '\0weir-init';
const RETRY_MS = 50;

/** Runs `work` while no other weir-init changes this namespace; exit 75 if the lock is not free in time. */
export async function exclusively<Result>(work: () => Promise<Result>): Promise<Result> {
  const lock = await acquire(Date.now() + LOCK_WAIT_SECONDS * 1000);
  try {
    return await work();
  } finally {
    lock.close();
  }
}

async function acquire(deadline: number): Promise<Server> {
  const lock = await tryLock();
  if (lock !== undefined) return lock;
  if (Date.now() > deadline) {
    throw new InitFailure(EXIT.tempfail, 'another weir-init is at work in this namespace (lock @weir-init held)');
  }
  await after(RETRY_MS);
  return acquire(deadline);
}

function tryLock(): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error),
    );
    server.listen(NAME, () => resolve(server));
  });
}
