/**
 * node-net ADDRESS PORT THREADS: the relay that anyone would write with Node's own `net`, two pipes for each connection.
 *
 * Dials a fixed address: Node cannot ask for the original destination, and with the agent's mover before it, it would
 * not be Node's `net` that is measured. Less work than the others have, in its favour. Listens in a pod by
 * programs/in-pod.c.
 */
import { connect, createServer } from 'node:net';
import { isMainThread, Worker } from 'node:worker_threads';

const [, , host = '', port = '', threads = '1'] = process.argv;

const server = createServer(
  // Half-close is kept: an answer behind the client's end must arrive. The default highWaterMark: 256 KiB is no faster.
  { allowHalfOpen: true, noDelay: true },
  (client) => {
    const upstream = connect({ host, port: Number(port), allowHalfOpen: true, noDelay: true });
    client.pipe(upstream).pipe(client);
    // An error closes the one; the other must not stay.
    client.on('close', () => upstream.destroy()).on('error', () => {});
    upstream.on('close', () => client.destroySoon()).on('error', () => {});
  },
);
// One listener for each thread: the kernel spreads connections, and no thread hands them to another.
server.listen({ host: '127.0.0.1', port: 15_001, backlog: 8192, reusePort: true });

if (isMainThread) {
  const more = Array.from(
    { length: Number(threads) - 1 },
    () => new Worker(new URL(import.meta.url), { argv: process.argv.slice(2) }),
  );
  for (const worker of more) worker.on('error', () => process.exit(1));
}
