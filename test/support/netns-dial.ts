/** A client that runs inside a namespace: one order as JSON in argv, one answer a line on stdout. */
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';

export type DialOrder = {
  readonly protocol?: 'tcp' | 'udp';
  readonly host: string;
  readonly port: number;
  readonly localPort?: number;
  readonly uid?: number;
  /** Stay connected: each SIGUSR1 sends one more line. */
  readonly stay?: boolean;
  /** Hear first instead of speaking first. */
  readonly silent?: boolean;
};

/** `text`: what was heard; `code`: why nothing was; `closed`: an end without a word. */
export type DialAnswer = { readonly text?: string; readonly code?: string; readonly open?: true };

// Nothing in the lab is further away than two links: who does not answer by then will not.
const LIMIT_MS = 3_000;

if (process.argv[2] !== undefined) dial(JSON.parse(process.argv[2]) as DialOrder); // from the test that started us

function dial(order: DialOrder): void {
  if (order.uid !== undefined) process.setuid?.(order.uid);
  if (!order.stay) setTimeout(() => answer({ code: 'ETIMEDOUT' }, order), LIMIT_MS);
  if (order.protocol === 'udp') ask(order);
  else call(order);
}

function call(order: DialOrder): void {
  const { host, port, localPort } = order;
  const socket = connect({ host, port, ...(localPort === undefined ? {} : { localPort }) });
  socket.setEncoding('latin1');
  socket.on('connect', () => {
    if (order.stay) tell({ open: true });
    if (!order.silent) socket.write('hello\n');
  });
  socket.on('data', (text: string) => answer({ text: text.trim() }, order));
  socket.on('end', () => answer({ code: 'closed' }, order));
  socket.on('error', (error: NodeJS.ErrnoException) => answer({ code: error.code ?? error.message }, order));
  process.on('SIGUSR1', () => socket.write('more\n'));
}

function ask(order: DialOrder): void {
  const socket = createSocket(order.host.includes(':') ? 'udp6' : 'udp4');
  socket.on('message', (text) => answer({ text: text.toString('latin1').trim() }, order));
  socket.on('error', (error: NodeJS.ErrnoException) => answer({ code: error.code ?? error.message }, order));
  socket.connect(order.port, order.host, () => socket.send('hello\n'));
}

function answer(what: DialAnswer, order: DialOrder): void {
  tell(what);
  if (!order.stay) process.exit(0);
}

function tell(what: DialAnswer): void {
  process.stdout.write(`${JSON.stringify(what)}\n`);
}
