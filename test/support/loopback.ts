import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import type { DialOptions } from '../../agent/model/mover.ts';
import type { Port } from '../../agent/model/port.ts';
import { LOOPBACK, port } from './mover-log.ts';

/** An origin on loopback that hands each connection to `serve`. */
export async function origin(t: TestContext, serve: (socket: Socket) => void, host = '127.0.0.1'): Promise<Port> {
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined);
    serve(socket);
  });
  server.listen(0, host);
  await once(server, 'listening');
  t.after(() => server.close());
  const address = server.address();
  assert.ok(address && typeof address === 'object');
  return port(address.port);
}

/** A client that may go on after the other side's end. */
export function client(to: number, host = '127.0.0.1'): Socket {
  return connect({ port: to, host, allowHalfOpen: true });
}

/** Options that reach an origin of `origin`. */
export function dialTo(to: Port, family: 4 | 6 = 4): DialOptions {
  return { to: { ip: LOOPBACK[family], port: to }, netns: undefined, preamble: new Uint8Array(0), timeoutMs: 2_000 };
}
