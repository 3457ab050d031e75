/**
 * An origin that reads no HTTP: `node scripted-http.ts PLAN`. It waits for as many bytes as the plan says for the message
 * that the path names, plays the planned bytes, and writes down all that it got. PLAN is the path of a JSON file, a
 * ScriptedPlan. Makes `readyFile` once it listens; ends with SIGTERM.
 */
import { openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';

export type ScriptedPlan = {
  readonly addresses: readonly string[];
  readonly port: number;
  /** By the beginning of the path (`/name` or `/name?1`). */
  readonly messages: Readonly<Record<string, Scripted>>;
  readonly recordFile: string;
  readonly readyFile: string;
};

export type Scripted = {
  /** How much of the message must have come, and how much of it is to come in all. */
  readonly afterBytes: number;
  readonly bytes: number;
  /** latin1 */
  readonly answer: string;
  readonly afterwards: 'keeps' | 'ends' | 'resets';
};

/** One line of the record file. `bytes` are latin1. */
export type ScriptedEntry = { readonly id: string; readonly local: string; readonly bytes: string };

const [planPath = ''] = process.argv.slice(2);
if (planPath !== '') run(JSON.parse(readFileSync(planPath, 'utf8')) as ScriptedPlan); // written by the lab alone

function run(plan: ScriptedPlan): void {
  const record = openSync(plan.recordFile, 'a');
  let listening = 0;
  let accepted = 0;
  for (const host of plan.addresses) {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      serve(socket, `${++accepted}`, plan, (entry) => writeSync(record, `${JSON.stringify(entry)}\n`));
    });
    server.listen({ host, port: plan.port, backlog: 4096, ipv6Only: host.includes(':') }, () => {
      if (++listening === plan.addresses.length) writeFileSync(plan.readyFile, '');
    });
  }
}

function serve(socket: Socket, id: string, plan: ScriptedPlan, write: (entry: ScriptedEntry) => void): void {
  const local = socket.localAddress ?? '';
  let unread = '';
  let played = false;
  write({ id, local, bytes: '' });
  const next = (): boolean => {
    const message = scriptOf(unread, plan.messages);
    if (!message) return false;
    if (!played && unread.length >= message.afterBytes) {
      played = true;
      socket.write(Buffer.from(message.answer, 'latin1'), () => {
        if (message.afterwards === 'resets') socket.resetAndDestroy();
      });
      if (message.afterwards === 'ends') socket.end();
    }
    if (!played || unread.length < message.bytes) return false;
    unread = unread.slice(message.bytes);
    played = false;
    return true;
  };
  socket.on('error', () => socket.destroy());
  socket.on('end', () => socket.end());
  socket.on('data', (chunk: Buffer) => {
    const bytes = chunk.toString('latin1');
    write({ id, local, bytes });
    unread += bytes;
    while (next());
  });
}

/** By the whole head alone. What stands in no plan is answered with its own target. */
function scriptOf(unread: string, messages: ScriptedPlan['messages']): Scripted | undefined {
  const end = unread.indexOf('\r\n\r\n') + 4;
  if (end === 3) return undefined;
  for (const [key] of unread.slice(0, end).matchAll(/\/[a-z0-9-]+(?:\?[0-9](?= ))?/g)) {
    const planned = messages[key];
    if (planned) return planned;
  }
  const target = unread.split(' ')[1] ?? '';
  const answer = `HTTP/1.1 200 OK\r\nContent-Length: ${target.length}\r\n\r\n${target}`;
  return { afterBytes: end, bytes: end, answer, afterwards: 'keeps' };
}
