/**
 * One end of the rows' connections: `node actor.ts run SOCKET`, inside the namespace where it stands. Takes orders on that
 * UNIX socket, one JSON object a line, and answers each with a line `{ id }` once it is done. A connection that was
 * opened stays until an order ends it: what this process would do by itself is in no row.
 */
import { createServer, Socket } from 'node:net';
import { createInterface } from 'node:readline';

/** `key` names the connection, for its whole life. */
export type Order =
  /** Takes one connection there. `reads` false: nothing is read until `read`. `endsAtOnce`: FIN as soon as it is there. */
  | (Opening & { readonly do: 'listen'; readonly endsAtOnce: boolean })
  | (Opening & { readonly do: 'connect'; readonly localPort: number })
  /** latin1. */
  | { readonly do: 'send'; readonly key: string; readonly text: string }
  | { readonly do: 'flood'; readonly key: string; readonly bytes: number }
  /** `end`: FIN; `reset`: RST whatever is unread; `close`: close(2), which resets if something is unread. */
  | { readonly do: 'read' | 'end' | 'reset' | 'close'; readonly key: string }
  /** Done once so many bytes were read in all; once it is there; once the other side's end or a reset was seen. */
  | { readonly do: 'await'; readonly key: string; readonly received: number }
  | { readonly do: 'await'; readonly key: string; readonly state: 'there' | 'ended' };

type Opening = { readonly key: string; readonly host: string; readonly port: number; readonly reads: boolean };

/** One order with the number that its answer carries. */
export type Numbered = { readonly id: number; readonly order: Order };

const [, , command, path] = process.argv;
if (command === 'run') serve(path ?? '');

function serve(path: string): void {
  createServer((controller) => {
    createInterface({ input: controller }).on('line', (line) => {
      const { id, order } = JSON.parse(line) as Numbered; // written by actors.ts alone
      obey(order, () => controller.write(`${JSON.stringify({ id })}\n`));
    });
  }).listen(path);
}

type End = {
  socket: Socket | undefined;
  received: number;
  state: 'absent' | 'there' | 'ended';
  waiting: readonly { readonly until: () => boolean; readonly done: () => void }[];
};

const ends = new Map<string, End>();

function endOf(key: string): End {
  const known = ends.get(key);
  if (known) return known;
  const fresh: End = { socket: undefined, received: 0, state: 'absent', waiting: [] };
  ends.set(key, fresh);
  return fresh;
}

function obey(order: Order, done: () => void): void {
  const end = endOf(order.key);
  if (order.do === 'listen') return listen(order, end, done);
  if (order.do === 'connect') return dial(order, end, done);
  if (order.do === 'await') return wait(end, order, done);
  act(order, end);
  done();
}

function act(order: Exclude<Order, { readonly do: 'listen' | 'connect' | 'await' }>, { socket }: End): void {
  switch (order.do) {
    case 'send':
      return void socket?.write(order.text, 'latin1');
    case 'flood':
      return void socket?.write(Buffer.alloc(order.bytes));
    case 'read':
      return void socket?.resume();
    case 'end':
      return void socket?.end();
    case 'reset':
      return void socket?.resetAndDestroy();
    case 'close':
      return void socket?.destroy();
  }
}

function listen({ host, port, reads, endsAtOnce }: Extract<Order, { do: 'listen' }>, end: End, done: () => void): void {
  const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: !reads }, (socket) => {
    if (endsAtOnce) socket.end();
    follow(socket, end);
    tell(end, { state: 'there' });
  });
  server.listen({ host, port }, done);
}

function dial({ host, port, localPort, reads }: Extract<Order, { do: 'connect' }>, end: End, done: () => void): void {
  const socket = new Socket({ allowHalfOpen: true });
  if (!reads) socket.pause(); // before it connects: then nothing is read ahead either
  follow(socket, end);
  socket.setNoDelay(true);
  socket.connect({ host, port, localPort }, () => {
    tell(end, { state: 'there' });
    done();
  });
}

function follow(socket: Socket, end: End): void {
  end.socket = socket;
  socket.on('data', (chunk) => tell(end, { received: end.received + chunk.length }));
  socket.on('end', () => tell(end, { state: 'ended' }));
  socket.on('error', () => tell(end, { state: 'ended' }));
}

function tell(end: End, news: Partial<Pick<End, 'received' | 'state'>>): void {
  Object.assign(end, news);
  const due = end.waiting.filter(({ until }) => until());
  end.waiting = end.waiting.filter((each) => !due.includes(each));
  for (const { done } of due) done();
}

function wait(end: End, order: Extract<Order, { do: 'await' }>, done: () => void): void {
  const until = (): boolean =>
    'received' in order
      ? end.received >= order.received
      : end.state === order.state || (order.state === 'there' && end.state === 'ended');
  if (until()) done();
  else end.waiting = [...end.waiting, { until, done }];
}
