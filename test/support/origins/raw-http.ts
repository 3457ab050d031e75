/**
 * An HTTP/1 origin that writes its bytes itself, so that it can also answer as no library would. The path says what is
 * answered (`ANSWERS`, `serve`; `/fresh/…` only by a connection that has served nothing before); the connection is kept for further requests unless the answer ends with it.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { setTimeout as after } from 'node:timers/promises';
import type { Connection } from './connection.ts';
import { RawReader } from './raw-reader.ts';

/** The origin's answers as bytes on the wire, by path. */
export const ANSWERS: Readonly<Record<string, string>> = {
  '/length': 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\nX-Case: Kept\r\n\r\nlength',
  '/chunked': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nchun\r\n3;x=y\r\nked\r\n0\r\nX-Sum: 1\r\n\r\n',
  '/interim': `${'HTTP/1.1 102 Processing\r\n\r\n'.repeat(20)}HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok`,
  '/hint': 'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n',
  '/close': 'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nup to the end',
  '/old': 'HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nas of old',
  '/204': 'HTTP/1.1 204 No Content\r\n\r\n',
  '/304': 'HTTP/1.1 304 Not Modified\r\nContent-Length: 6\r\n\r\n',
  '/hints': 'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
  '/both': 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n',
  '/lengths': 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 6\r\n\r\nlength',
  /** Also how `/break` begins, which then resets. */
  '/cut': 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort',
  '/cut-chunks': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nchun\r\n',
  /** As if more could follow; then the connection ends. */
  '/ends': 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nends',
  '/upgrade': 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
};
const ENDS_ITSELF = new Set(['/close', '/old', '/cut', '/cut-chunks', '/ends', '/hint']);

export function serveRawHttp(connection: Connection): void {
  void serve(connection);
}

async function serve({ stream, reset, sawRequest }: Connection): Promise<void> {
  const reader = new RawReader(stream);
  let served = 0;
  for (let head = await reader.through('\r\n\r\n'); head; head = await reader.through('\r\n\r\n')) {
    const request = parseHead(head.toString('latin1'));
    sawRequest(request);
    const { method, path, headers } = request;
    if (path === '/silent') continue;
    if (path === '/reset') return reset();
    if (path === '/nothing' || (path.startsWith('/fresh/') && served > 0)) break;
    if (path.startsWith('/held')) {
      await answerOnRelease(path, stream);
      continue;
    }
    if (path === '/release') for (const release of HELD.splice(0)) release();
    if (path === '/reset-behind-head') return void stream.write('HTTP/1.1 200 OK\r\n\r\n', () => reset());
    if (path === '/break') return void stream.write(ANSWERS['/cut'], () => reset());
    const bytes = /^\/bytes\/(\d+)$/.exec(path)?.[1];
    if (bytes !== undefined) {
      await writeBytes(stream, Number(bytes));
      continue;
    }
    if (method === 'CONNECT') {
      stream.write('HTTP/1.1 200 Connection established\r\n\r\n');
      if (headers['x-then'] === 'end') break;
      if (path === 'inner.test:80') continue; // as if this were inner.test too
      for await (const piece of reader.next(Number.POSITIVE_INFINITY)) stream.write(piece);
      break;
    }
    if (path === '/early') {
      // Before any of the body, which is never read as one.
      stream.write('HTTP/1.1 413 Content Too Large\r\nContent-Length: 5\r\n\r\nlarge');
      for await (const _ of reader.next(Number.POSITIVE_INFINITY));
      break;
    }
    if (headers['expect'] === '100-continue') stream.write('HTTP/1.1 100 Continue\r\n\r\n');
    const body = headers['transfer-encoding'] ? reader.chunks() : reader.next(Number(headers['content-length'] ?? 0));
    const digest = createHash('sha256');
    const start: Buffer[] = [];
    let received = 0;
    for await (const piece of body) {
      if (received < MIRRORED_BYTES) start.push(piece);
      digest.update(piece);
      received += piece.length;
      if (path === '/slowly') await after(SLOW_MS);
    }
    if (path === '/mirror') stream.write(withLength(Buffer.concat(start)));
    else if (path.startsWith('/echo/')) stream.write(withLength(Buffer.from(path, 'latin1')));
    else if (path === '/digest' || path === '/slowly')
      stream.write(withLength(Buffer.from(`${digest.digest('hex')} ${received}\n`)));
    else stream.write(answerTo(method, path));
    served++;
    if (path === '/upgrade') for await (const piece of reader.next(Number.POSITIVE_INFINITY)) stream.write(piece);
    if (ENDS_ITSELF.has(path)) break;
  }
  stream.end();
}

/** Who waits for somebody to ask this process for `/release`. */
const HELD: (() => void)[] = [];

/** `/held`: half of the answer at once; `/held/back`: none of it. */
async function answerOnRelease(path: string, stream: Duplex): Promise<void> {
  const half = 'HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf';
  if (path === '/held') stream.write(half);
  await new Promise<void>((resolve) => HELD.push(resolve));
  stream.write(path === '/held' ? 'half' : `${half}half`);
}

const MIRRORED_BYTES = 64 * 1024;
/** For each piece of a body, of 64 KiB at most: about 15 MB in a second. */
const SLOW_MS = 4;

function answerTo(method: string, path: string): Buffer {
  const answer =
    ANSWERS[path.startsWith('/fresh/') ? '/length' : path] ?? 'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n';
  return Buffer.from(method === 'HEAD' ? answer.slice(0, answer.indexOf('\r\n\r\n') + 4) : answer, 'latin1');
}

function withLength(body: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`), body]);
}

async function writeBytes(stream: Duplex, bytes: number): Promise<void> {
  stream.write(`HTTP/1.1 200 OK\r\nContent-Length: ${bytes}\r\n\r\n`);
  for (const piece of pattern(bytes)) {
    if (stream.destroyed) return;
    if (!stream.write(piece)) await Promise.race([once(stream, 'drain'), once(stream, 'close')]);
  }
}

/** What `/bytes/N` sends: blocks full of their own offset, so that one lost, doubled or swapped changes the digest. */
export function* pattern(bytes: number): Generator<Buffer> {
  for (let at = 0; at < bytes; at += BLOCK_BYTES) {
    const block = Buffer.alloc(Math.min(BLOCK_BYTES, bytes - at), `${at} `);
    yield block;
  }
}

const BLOCK_BYTES = 64 * 1024;

/** The request line and the fields as they stand there, names in lower case. */
export function parseHead(head: string) {
  const [line = '', ...fields] = head.split('\r\n');
  const [method = '', path = '', version = ''] = line.split(' ');
  const headers: Record<string, string> = {};
  for (const field of fields) {
    const colon = field.indexOf(':');
    if (colon > 0) headers[field.slice(0, colon).toLowerCase()] = field.slice(colon + 1).trim();
  }
  return { method, path, authority: headers['host'] ?? '', version: version.slice(5), headers };
}
