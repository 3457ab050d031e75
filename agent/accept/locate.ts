import type { Endpoint } from '../model/address.ts';
import type { FailureCode } from '../model/failure.ts';
import type { AcceptedEvent } from '../model/mover.ts';

export type Location =
  | { readonly ok: true; readonly destination: Endpoint }
  | { readonly ok: false; readonly code: FailureCode };

/**
 * Where the client wanted to go. A connection dialled at the listener itself has no such place: its original
 * destination is the listener (loopback), or the pod's own address with the listener's port. Never guessed.
 */
export function locate(event: Pick<AcceptedEvent, 'original' | 'peer' | 'local'>): Location {
  const { original, peer, local } = event;
  if (typeof original === 'string') return { ok: false, code: 'no-original-destination' };
  const itself = original.ip === peer.ip && original.port === local.port;
  if (itself || original.ip.startsWith('127.') || original.ip === '::1') return { ok: false, code: 'not-redirected' };
  return { ok: true, destination: original };
}
