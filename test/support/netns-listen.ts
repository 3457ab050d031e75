/**
 * A server that runs inside a namespace: an order as JSON in argv, a file to which each event is appended. On SIGUSR1 it
 * says its name on every connection.
 */
import { createSocket } from 'node:dgram';
import { appendFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';

export type ListenOrder = {
  /** The answer to a first line, and to each datagram. */
  readonly name: string;
  readonly tcp?: readonly (readonly [host: string, port: number])[];
  readonly udp?: readonly (readonly [host: string, port: number])[];
  /** Speak at once instead of answering. */
  readonly first?: boolean;
  /** Answer WEIR-VERIFY and WEIR-UNDO as the agent does; the destination is the only one that it can have been. */
  readonly agent?: boolean;
};

export type Heard = { readonly event: 'accepted' | 'bytes' | 'datagram'; readonly from: string; readonly text: string };

const VERIFY_DESTINATION = { IPv4: '192.0.2.1:1', IPv6: '[2001:db8::1]:1' } as const;

const [, , orderText, record] = process.argv;
if (orderText !== undefined && record !== undefined) await serve(JSON.parse(orderText) as ListenOrder, record); // ours

async function serve(order: ListenOrder, file: string): Promise<void> {
  const note = (heard: Heard) => appendFileSync(file, `${JSON.stringify(heard)}\n`);
  const sockets = new Set<Socket>();
  await Promise.all([
    ...(order.tcp ?? []).map(([host, port]) => tcp(host, port, order, note, sockets)),
    ...(order.udp ?? []).map(([host, port]) => udp(host, port, order, note)),
  ]);
  process.on('SIGUSR1', () => {
    for (const socket of sockets) socket.write(`${order.name}\n`);
  });
  process.stdout.write('listening\n');
}

function tcp(host: string, port: number, order: ListenOrder, note: (heard: Heard) => void, all: Set<Socket>) {
  const server = createServer((socket) => {
    const from = `${socket.remoteAddress}`;
    all.add(socket);
    note({ event: 'accepted', from, text: '' });
    if (order.first) socket.write(`${order.name}\n`);
    socket.setEncoding('latin1');
    socket.on('error', () => socket.destroy());
    socket.on('close', () => all.delete(socket));
    socket.on('data', (text: string) => {
      note({ event: 'bytes', from, text });
      if (!order.agent || !judge(text, socket, all)) socket.write(`${order.name}\n`);
    });
  });
  return new Promise<void>((resolve) => server.listen({ host, port, ipv6Only: host.includes(':') }, resolve));
}

function judge(text: string, socket: Socket, all: ReadonlySet<Socket>): boolean {
  const [, word, token] = /^(WEIR-VERIFY|WEIR-UNDO) ([0-9a-f]{64})\n$/.exec(text) ?? [];
  if (word === undefined) return false;
  if (word === 'WEIR-UNDO') for (const other of all) if (other !== socket) other.resetAndDestroy();
  const family = socket.remoteFamily === 'IPv6' ? 'IPv6' : 'IPv4';
  socket.end(`${token} ${VERIFY_DESTINATION[family]}\n`);
  return true;
}

function udp(host: string, port: number, order: ListenOrder, note: (heard: Heard) => void): Promise<void> {
  const socket = createSocket({ type: host.includes(':') ? 'udp6' : 'udp4' });
  socket.on('message', (text, { address, port: theirs }) => {
    note({ event: 'datagram', from: address, text: text.toString('latin1') });
    socket.send(`${order.name}\n`, theirs, address);
  });
  return new Promise((resolve) => socket.bind(port, host, resolve));
}
