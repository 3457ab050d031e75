import { closeSync } from 'node:fs';
import type { AdoptedEvent, AdoptedSide, FlowHandler, Side } from '../model/mover.ts';
import type { MessageRing } from './message-ring.ts';

/**
 * Collects what one thread tells of a flow that is adopted: pieces of bytes, then the descriptors. A thread tells all of
 * one flow before it says anything else.
 */
export class Adoption {
  readonly #messages: MessageRing;
  #pieces: Record<Side, Pieces> = NO_PIECES;

  constructor(messages: MessageRing) {
    this.#messages = messages;
  }

  /** The record at the cursor is a piece. */
  addPiece(): void {
    const { side, unsent, bytes } = this.#messages.adoptedBytes();
    const { held, preamble } = this.#pieces[side];
    const copy = bytes.slice();
    const more = unsent ? { held, preamble: [...preamble, copy] } : { held: [...held, copy], preamble };
    this.#pieces = { ...this.#pieces, [side]: more };
  }

  /** What was added is not going to be handed over. */
  forget(): void {
    this.#pieces = NO_PIECES;
  }

  /** The record at the cursor has the descriptors: they are the owner's, or closed if there is none that takes them. */
  finish(owner: FlowHandler | undefined): void {
    const client = this.#side('client');
    const upstream = this.#side('upstream');
    this.forget();
    if (!client) throw new TypeError('the addon handed over a flow without its client');
    if (owner?.adopted) owner.adopted({ client, upstream } satisfies AdoptedEvent);
    else for (const side of [client, upstream]) if (side) closeSync(side.fd);
  }

  #side(side: Side): AdoptedSide | undefined {
    const fd = this.#messages.takeDescriptor(side);
    if (fd === -1) return undefined;
    const { held, preamble } = this.#pieces[side];
    return { fd, bytes: joined(held), ended: this.#messages.adoptedEnded(side), unsent: joined(preamble) };
  }
}

type Pieces = { readonly held: readonly Uint8Array[]; readonly preamble: readonly Uint8Array[] };

const NO_PIECES: Record<Side, Pieces> = {
  client: { held: [], preamble: [] },
  upstream: { held: [], preamble: [] },
};

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const [first] = pieces;
  return first && pieces.length === 1 ? first : new Uint8Array(Buffer.concat(pieces));
}
