/**
 * An origin that answers as the request's own target says (`toldAnswer`), and writes down every byte that it gets:
 * `node told-http.ts FOLDER PORT ADDRESS…`. Makes FOLDER/told.ready once it listens; ends with SIGTERM.
 */
import { openSync, writeFileSync, writeSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { setTimeout as after } from 'node:timers/promises';

export type Framing = 'length' | 'chunked' | 'close' | 'keeps-not' | 'none';

/** Status, framing, bytes of the body, milliseconds before the answer. */
export type ToldTarget = {
  readonly id: string;
  readonly status: number;
  readonly framing: Framing;
  readonly bytes: number;
  readonly delayMs: number;
};

/** One line of FOLDER/told.jsonl. `bytes` are latin1. */
export type ToldEntry = { readonly connection: number; readonly bytes: string };

const [folder = '', port = '', ...addresses] = process.argv.slice(2);
if (folder !== '') run(folder, Number(port), addresses);

export function targetText({ id, status, framing, bytes, delayMs }: ToldTarget): string {
  return `/${id}/${status}/${framing}/${bytes}/${delayMs}`;
}

/** latin1; `ends`: the connection ends behind it. */
export function toldAnswer(method: string, target: ToldTarget): { readonly text: string; readonly ends: boolean } {
  const { id, status, framing, bytes } = target;
  const body = bytes === 0 ? '' : `${id.repeat(Math.ceil(bytes / id.length)).slice(1, bytes)};`; // a `;` only at its end
  const half = Math.floor(bytes / 2);
  const chunks = [body.slice(0, half), body.slice(half)].filter((chunk) => chunk !== '');
  const framed = {
    length: { field: `Content-Length: ${bytes}\r\n`, body },
    chunked: {
      field: 'Transfer-Encoding: chunked\r\n',
      body: `${chunks.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join('')}0\r\n\r\n`,
    },
    close: { field: '', body },
    'keeps-not': { field: `Connection: close\r\nContent-Length: ${bytes}\r\n`, body },
    none: { field: '', body: '' },
  }[framing];
  const bodiless = method === 'HEAD' || status === 204 || status === 304;
  const text = `HTTP/1.1 ${status} Told\r\nX-Id: ${id}\r\n${framed.field}\r\n${bodiless ? '' : framed.body}`;
  return { text, ends: framing === 'keeps-not' || (framing === 'close' && !bodiless) };
}

function run(into: string, toPort: number, hosts: readonly string[]): void {
  const record = openSync(`${into}/told.jsonl`, 'a');
  let connections = 0;
  let listening = 0;
  for (const host of hosts) {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      const connection = ++connections;
      void serve(socket, (bytes) => writeSync(record, `${JSON.stringify({ connection, bytes })}\n`));
    });
    server.listen({ host, port: toPort }, () => {
      if (++listening === hosts.length) writeFileSync(`${into}/told.ready`, '');
    });
  }
}

async function serve(socket: Socket, write: (bytes: string) => void): Promise<void> {
  let unread = '';
  socket.on('error', () => socket.destroy());
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    const bytes = Buffer.from(chunk).toString('latin1');
    write(bytes);
    unread += bytes;
    for (let length = messageLength(unread); length > 0; length = messageLength(unread)) {
      const [method = '', target = ''] = unread.split(' ', 2);
      unread = unread.slice(length);
      const told = readTarget(target);
      if (told.delayMs > 0) await after(told.delayMs);
      const { text, ends } = toldAnswer(method, told);
      socket.write(text, 'latin1');
      if (ends) return void socket.end();
    }
  }
  socket.end();
}

/** 0: not whole yet. Only what the gate lets through comes here: exactly one framing, and that in order. */
function messageLength(text: string): number {
  const head = text.indexOf('\r\n\r\n') + 4;
  if (head === 3) return 0;
  const fields = text.slice(0, head);
  const length = Number(/\r\ncontent-length: *([0-9]+)/i.exec(fields)?.[1] ?? 0);
  const chunked = /\r\ntransfer-encoding: *chunked/i.test(fields);
  const end = chunked ? text.indexOf('\r\n0\r\n\r\n', head - 2) + 7 : head + length;
  return chunked && end === 6 ? 0 : end <= text.length ? end : 0;
}

function readTarget(target: string): ToldTarget {
  const [, id = 'x', status, framing, bytes, delayMs] = target.replace(/^http:\/\/[^/]*/, '').split('/');
  return { id, status: Number(status), framing: framing as Framing, bytes: Number(bytes), delayMs: Number(delayMs) }; // written by targetText alone
}
