import type { Accept, FlowHandler, FlowRef } from '../model/mover.ts';
import type { MessageRing } from './message-ring.ts';
import { MESSAGE } from './records.ts';

type Owned = { readonly flow: FlowRef; readonly handler: FlowHandler };

/**
 * Brings one thread's messages to the owners of its flows. Slots are used again, so an owner is found by slot and
 * generation. What an owner throws reaches `uncaughtException` once the batch is through: the other messages of the
 * batch are not lost.
 */
export class Delivery {
  readonly #thread: number;
  readonly #messages: MessageRing;
  readonly #accept: Accept;
  readonly #refuse: (flow: FlowRef) => void;
  readonly #owned: (Owned | undefined)[] = [];
  #stopped = false;

  /** `refuse` ends a flow that `accept` gave no owner. */
  constructor(thread: number, messages: MessageRing, accept: Accept, refuse: (flow: FlowRef) => void) {
    this.#thread = thread;
    this.#messages = messages;
    this.#accept = accept;
    this.#refuse = refuse;
  }

  /** The thread has said its last. */
  get stopped(): boolean {
    return this.#stopped;
  }

  /** Delivers what is there now and gives the room back. */
  deliverAll(): void {
    const { head } = this.#messages;
    while (this.#messages.next(head)) this.#deliver();
    this.#messages.release();
  }

  #deliver(): void {
    try {
      if (this.#messages.kind === MESSAGE.accepted) this.#deliverAccepted();
      else if (this.#messages.kind === MESSAGE.stopped) this.#stopped = true;
      else this.#deliverToOwner();
    } catch (thrown: unknown) {
      queueMicrotask(() => {
        throw thrown;
      });
    }
  }

  #deliverAccepted(): void {
    const { slot, generation } = this.#messages;
    const flow: FlowRef = { thread: this.#thread, slot, generation };
    this.#owned[slot] = undefined;
    let handler: FlowHandler | undefined;
    try {
      handler = this.#accept(flow, this.#messages.accepted());
    } finally {
      if (!handler) this.#refuse(flow);
    }
    this.#owned[slot] = { flow, handler };
  }

  #deliverToOwner(): void {
    const { slot, generation, kind } = this.#messages;
    const owned = this.#owned[slot];
    if (!owned || owned.flow.generation !== generation) return;
    const { handler } = owned;
    switch (kind) {
      case MESSAGE.held:
        return handler.held(this.#messages.held());
      case MESSAGE.gate:
        return handler.gate(this.#messages.gate());
      case MESSAGE.observed:
        return handler.observed(this.#messages.observed());
      case MESSAGE.dialed:
        return handler.dialed(this.#messages.dialed());
      case MESSAGE.closed:
        this.#owned[slot] = undefined;
        return handler.closed(this.#messages.closed());
      default:
        throw new TypeError(`the addon sent a message of kind ${kind}`);
    }
  }
}
