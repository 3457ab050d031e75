import { randomBytes } from 'node:crypto';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { type Family } from '../agent/model/address.ts';
import { POD_LISTEN_ADDRESSES, TOKEN_HEX_DIGITS, VERIFY_DESTINATIONS, VERIFY_WORD } from './contract.ts';

/** How asking at a verify destination ended. `failed` carries the system's code; `silent` is a time-out or no line. */
export type Asked =
  | { readonly kind: 'answered'; readonly line: string }
  | { readonly kind: 'failed'; readonly code: string }
  | { readonly kind: 'silent'; readonly because: string };

// An answer is a token, a space and an address with its port.
const ANSWER_CAP_CHARACTERS = 256;

export function newToken(): string {
  return randomBytes(TOKEN_HEX_DIGITS / 2).toString('hex');
}

/** `192.0.2.1:1`, `[2001:db8::1]:1`: what an honest answer says after the token. */
export function destinationText(family: Family): string {
  const { ip, port } = VERIFY_DESTINATIONS[family];
  return family === 6 ? `[${ip}]:${port}` : `${ip}:${port}`;
}

/** Dials the family's verify destination, says `WORD TOKEN` and hears one line. Never throws. */
export function ask(family: Family, word: string, token: string, limitMs: number): Promise<Asked> {
  const { ip, port } = VERIFY_DESTINATIONS[family];
  return new Promise((resolve) => {
    const socket = connect({ host: ip, port, family });
    let heard = '';
    const end = (asked: Asked) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(asked);
    };
    const timer = setTimeout(() => end({ kind: 'silent', because: `nothing within ${limitMs} ms` }), limitMs);
    socket.setEncoding('latin1');
    socket.on('connect', () => socket.write(`${word} ${token}\n`));
    socket.on('error', (error: NodeJS.ErrnoException) => end({ kind: 'failed', code: error.code ?? error.message }));
    socket.on('end', () => end({ kind: 'silent', because: 'closed without an answer' }));
    socket.on('data', (chunk: string) => {
      heard += chunk;
      const at = heard.indexOf('\n');
      if (at !== -1) end({ kind: 'answered', line: heard.slice(0, at) });
      else if (heard.length > ANSWER_CAP_CHARACTERS) end({ kind: 'silent', because: 'an answer without an end' });
    });
  });
}

/**
 * Holds the agent's port while `work` runs, and answers only who knows the token; all others are reset. Resolves to
 * undefined if the port is taken or has no address.
 */
export async function standIn<Result>(
  family: Family,
  port: number,
  token: string,
  work: () => Promise<Result>,
): Promise<Result | undefined> {
  const answer = `${token} ${destinationText(family)}\n`;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    answerOnce(socket, `${VERIFY_WORD} ${token}\n`, answer);
  });
  if (!(await listens(server, POD_LISTEN_ADDRESSES[family], port))) return undefined;
  try {
    return await work();
  } finally {
    server.close();
    for (const socket of sockets) socket.resetAndDestroy();
  }
}

function answerOnce(socket: Socket, expected: string, answer: string): void {
  let heard = '';
  socket.setEncoding('latin1');
  socket.on('error', () => socket.destroy()); // a peer that went away needs no answer
  socket.on('data', (chunk: string) => {
    heard += chunk;
    if (heard === expected) socket.end(answer);
    else if (!expected.startsWith(heard)) socket.resetAndDestroy();
  });
}

function listens(server: Server, host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen({ host, port }, () => resolve(true));
  });
}
