import { Socket } from 'node:net';
import type { AdoptedSide } from '../model/mover.ts';

/**
 * Node's socket over one side of an adopted flow. What the side had sent comes first, then what the descriptor gives,
 * then its end; the end does not end the other direction. The descriptor belongs to the socket: destroy it to close.
 */
export function socketOf(side: AdoptedSide): Socket {
  const socket = new Socket({ fd: side.fd, allowHalfOpen: true, readable: true, writable: true });
  if (side.unsent.length > 0) socket.write(side.unsent);
  // Nothing can have been read yet: that takes a turn of the event loop.
  if (side.bytes.length > 0) socket.unshift(side.bytes);
  return socket;
}
