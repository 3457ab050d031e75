import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { FIRST_BYTES, type TcpEnd } from './record.ts';

export type TapEvents = {
  readonly first: (bytes: string) => void;
  /** Once, when TCP has ended in both directions or was cut. Bytes of payload. */
  readonly ended: (how: TcpEnd, received: number, sent: number) => void;
};

/**
 * The socket seen through a window: whatever runs on the returned stream (echo, HTTP, TLS), what TCP itself carried is
 * told. Half-close passes in both directions.
 */
export function tap(socket: Socket, events: TapEvents): Duplex {
  let how: TcpEnd = 'fin';
  let finished = false;
  let looked = false;
  const stream = new Duplex({
    allowHalfOpen: true,
    read: () => socket.resume(),
    write: (chunk: Buffer, _encoding, done) => {
      socket.write(chunk, () => done());
    },
    final: (done) => {
      socket.end(() => done());
    },
    destroy: (error, done) => {
      socket.destroy();
      done(error);
    },
  });
  socket.on('data', (chunk: Buffer) => {
    if (!looked) events.first(chunk.subarray(0, FIRST_BYTES).toString('latin1'));
    looked = true;
    if (!stream.push(chunk)) socket.pause();
  });
  socket.on('end', () => {
    finished = true;
    stream.push(null);
  });
  socket.on('error', () => {
    how = finished ? 'fin-then-reset' : 'reset';
  });
  socket.on('close', () => {
    events.ended(how, socket.bytesRead, socket.bytesWritten);
    stream.destroy();
  });
  return stream;
}
