/**
 * A raw TCP client with a script, run inside the namespace where it stands: `node talk.ts run` reads Scripts as JSON
 * from its input, plays them all at once, and prints a Told for each as JSON.
 */
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { setTimeout as after } from 'node:timers/promises';

export type Step =
  /** latin1; `pieces`: as many bytes to a segment, each sent when the one before has left. */
  | { readonly send: string; readonly pieces?: number }
  | { readonly waitMs: number }
  /** false: takes nothing out of the socket from now on. */
  | { readonly reads: boolean }
  /** Goes on once what has come in all matches (a regular expression). */
  | { readonly expect: string }
  /** FIN: nothing more will be sent. */
  | { readonly half: 'close' }
  | { readonly reset: true }
  /** Goes on when the other side has ended, or the connection is cut. */
  | { readonly until: 'end' };

export type Script = {
  readonly host: string;
  readonly port: number;
  /** The client's own (own-ports.ts). */
  readonly localPort: number;
  readonly steps: readonly Step[];
  /** For the whole; what has not happened then is told as `open`. */
  readonly limitMs: number;
};

/** Times are milliseconds since the client began to connect, null for what did not happen. */
export type Told = {
  /** `ip:port` as the access line writes it. */
  readonly local: string;
  readonly received: string;
  readonly firstByteMs: number | null;
  /** `fin`: orderly; `open`: not ended; else the error name (`ECONNRESET`, `ECONNREFUSED`, …). */
  readonly end: string;
  readonly endMs: number | null;
  /** The step that the script stood at, if it did not come to its end. */
  readonly stuckAt: number | null;
};

if (process.argv[2] === 'run') {
  const scripts = JSON.parse(readFileSync(0, 'utf8')) as Script[]; // written by captured-pod.ts alone
  process.stdout.write(`${JSON.stringify(await Promise.all(scripts.map(talk)))}\n`);
}

async function talk({ host, port, localPort, steps, limitMs }: Script): Promise<Told> {
  const since = performance.now();
  const socket = connect({ host, port, localPort, allowHalfOpen: true, noDelay: true });
  const ear = listenTo(socket, since);
  const limit = after(limitMs, 'limit' as const, { ref: false });
  let stuckAt: number | null = null;
  await Promise.race([ear.connected, ear.over, limit]);
  for (const [at, step] of steps.entries()) {
    if ((await Promise.race([play(step, socket, ear), ear.over, limit])) === 'played') continue;
    if (!('until' in step && ear.told.end !== 'open')) stuckAt = at;
    break;
  }
  const told = { ...ear.told, received: ear.received(), stuckAt };
  socket.destroy();
  return told;
}

type Ear = {
  readonly told: { local: string; firstByteMs: number | null; end: string; endMs: number | null };
  readonly received: () => string;
  readonly connected: Promise<'connected'>;
  /** The other side has ended or the connection is cut. */
  readonly ended: Promise<unknown>;
  /** The connection is cut: no step can go on. */
  readonly over: Promise<'over'>;
  readonly more: () => Promise<unknown>;
};

function listenTo(socket: Socket, since: number): Ear {
  const chunks: Buffer[] = [];
  const told: Ear['told'] = { local: '', firstByteMs: null, end: 'open', endMs: null };
  const connected = Promise.withResolvers<'connected'>();
  const ended = Promise.withResolvers<undefined>();
  const over = Promise.withResolvers<'over'>();
  let more = Promise.withResolvers<undefined>();
  const end = (how: string) => {
    told.end = how;
    told.endMs = performance.now() - since;
    ended.resolve(undefined);
  };
  socket.on('connect', () => {
    const { localAddress: ip = '', localPort = 0 } = socket;
    told.local = ip.includes(':') ? `[${ip}]:${localPort}` : `${ip}:${localPort}`;
    connected.resolve('connected');
  });
  socket.on('data', (chunk: Buffer) => {
    told.firstByteMs ??= performance.now() - since;
    chunks.push(chunk);
    more.resolve(undefined);
    more = Promise.withResolvers<undefined>();
  });
  socket.on('end', () => end('fin'));
  socket.on('error', (error: NodeJS.ErrnoException) => {
    end(error.code ?? error.message);
    over.resolve('over');
  });
  return {
    told,
    received: () => Buffer.concat(chunks).toString('latin1'),
    connected: connected.promise,
    ended: ended.promise,
    over: over.promise,
    more: () => more.promise,
  };
}

async function play(step: Step, socket: Socket, ear: Ear): Promise<'played' | 'stuck'> {
  if ('send' in step) await sendInPieces(socket, Buffer.from(step.send, 'latin1'), step.pieces);
  else if ('waitMs' in step) await after(step.waitMs);
  else if ('reads' in step) socket[step.reads ? 'resume' : 'pause']();
  else if ('expect' in step) return comesIn(new RegExp(step.expect, 's'), ear);
  else if ('half' in step) socket.end();
  else if ('reset' in step) socket.resetAndDestroy();
  else await ear.ended;
  return 'played';
}

async function comesIn(pattern: RegExp, ear: Ear): Promise<'played' | 'stuck'> {
  while (!pattern.test(ear.received())) {
    if (ear.told.end !== 'open') return 'stuck';
    await Promise.race([ear.more(), ear.ended]);
  }
  return 'played';
}

/** Without Nagle, and with a turn of the event loop between them, each write is a segment of its own. */
async function sendInPieces(socket: Socket, bytes: Buffer, size = bytes.length): Promise<void> {
  for (let at = 0; at < bytes.length && !socket.destroyed; at += size) {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    socket.write(bytes.subarray(at, at + size), () => setImmediate(resolve, undefined));
    await promise;
  }
}
