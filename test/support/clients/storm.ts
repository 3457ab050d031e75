/**
 * Connects to HOST:PORT at least as often as told and until SIGTERM, many at a time, says one byte that begins no protocol and waits for the end. Prints one JSON object:
 * how each connection ended. Usage: node storm.ts COUNT AT_ONCE HOST PORT
 */
import { connect } from 'node:net';

const [count = '0', atOnce = '1', host = '', port = '0'] = process.argv.slice(2);
const ends: Record<string, number> = {};
let left = Number(count);
const told = new AbortController();
process.once('SIGTERM', () => told.abort());

function once(): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(port) });
    socket.once('connect', () => socket.write('\0'));
    socket.once('data', (bytes) => resolve(`answered ${bytes.toString('latin1')}`));
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'error'));
    socket.once('close', () => resolve('closed'));
    socket.setTimeout(10_000, () => socket.destroy(Object.assign(new Error('silence'), { code: 'SILENCE' })));
  });
}

async function worker(): Promise<void> {
  while ((left-- > 0 || !told.signal.aborted) && left > -MOST_MORE) {
    const end = await once();
    ends[end] = (ends[end] ?? 0) + 1;
  }
}

/** Bounded, should nobody ever say stop. */
const MOST_MORE = 1_000_000;

await Promise.all(Array.from({ length: Number(atOnce) }, worker));
process.stdout.write(`${JSON.stringify(ends)}\n`);
