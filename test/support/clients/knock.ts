/**
 * Asks again and again until SIGTERM: `node knock.ts HOST PORT REQUEST`, several connections at a time. How each ended is
 * counted, and the counts (a Knocks) are printed as one line of JSON ten times a second.
 */
import { connect } from 'node:net';
import { setTimeout as after } from 'node:timers/promises';

/** `answered`: some bytes came; `ended`: none did; else the error name, or `silent` after SILENT_MS. */
export type Knocks = Readonly<Record<string, number>>;

const SILENT_MS = 2_000;
const AT_A_TIME = 8;

const [, , host = '', port = '', request = ''] = process.argv;
if (host !== '') {
  const counts: Record<string, number> = {};
  setInterval(() => process.stdout.write(`${JSON.stringify(counts)}\n`), 100);
  for (let each = 0; each < AT_A_TIME; each++) void knockOn(counts);
}

async function knockOn(counts: Record<string, number>): Promise<never> {
  for (;;) {
    const how = await knock();
    counts[how] = (counts[how] ?? 0) + 1;
    await after(5); // a refused connect ends at once: the machine is shared
  }
}

function knock(): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = connect({ host, port: Number(port) }, () => socket.write(request));
  socket.setTimeout(SILENT_MS, () => resolve('silent'));
  socket.on('data', () => resolve('answered'));
  socket.on('end', () => resolve('ended'));
  socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  return promise.finally(() => socket.destroy());
}
