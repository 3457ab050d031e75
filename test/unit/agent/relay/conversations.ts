import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import type { Endpoint } from '../../../../agent/model/address.ts';
import type { Mover } from '../../../../agent/model/mover.ts';
import { startMover } from '../../../../agent/native/index.ts';
import { Conversation } from '../../../../agent/relay/conversation.ts';
import { LOOPBACK, port } from '../../../support/mover-log.ts';

const OPTIONS = { threads: 1, maxFlowsPerThread: 64, maxHeldBytes: 65_536, halfCloseMs: 300, lingerMs: 300 };

/** The real mover on loopback; each connection to it becomes a conversation. */
export class Conversations {
  readonly mover: Mover;
  readonly #made: Conversation[] = [];
  readonly #waiting: ((conversation: Conversation) => void)[] = [];
  readonly #port: number;

  constructor(t: TestContext) {
    this.mover = startMover(OPTIONS, (flow, event) => {
      const conversation = new Conversation(this.mover, flow, event);
      const wake = this.#waiting.shift();
      if (wake) wake(conversation);
      else this.#made.push(conversation);
      return conversation;
    });
    t.after(() => this.mover.stop());
    const listening = {
      netns: undefined,
      ip: LOOPBACK[4],
      port: 0,
      sharing: 'per-thread',
      transparent: false,
    } as const;
    this.#port = this.mover.listen(listening).port;
  }

  /** A client that has said `first`, and the conversation with it. */
  async open(first = ''): Promise<{ readonly client: Socket; readonly conversation: Conversation }> {
    const client = connect({ port: this.#port, host: LOOPBACK[4], allowHalfOpen: true });
    client.on('error', () => undefined);
    await once(client, 'connect');
    if (first !== '') client.write(first);
    const made = this.#made.shift();
    const conversation = made ?? (await new Promise<Conversation>((resolve) => this.#waiting.push(resolve)));
    return { client, conversation };
  }
}

/** An origin on loopback; `serve` gets each connection. */
export async function origin(t: TestContext, serve: (socket: Socket) => void): Promise<Endpoint> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined);
    serve(socket);
  });
  server.listen(0, LOOPBACK[4]);
  await once(server, 'listening');
  t.after(() => server.close());
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('no port');
  return { ip: LOOPBACK[4], port: port(address.port) };
}

/** A port of loopback where nobody listens. */
export async function deadEnd(t: TestContext): Promise<Endpoint> {
  const server = createServer();
  server.listen(0, LOOPBACK[4]);
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('no port');
  const closed = once(server, 'close');
  server.close();
  await closed;
  t.diagnostic(`nobody listens on ${address.port}`);
  return { ip: LOOPBACK[4], port: port(address.port) };
}
