import type { Accept, FlowHandler, FlowRef, Side } from '../model/mover.ts';
import { Adoption } from './adoption.ts';
import type { MessageRing } from './message-ring.ts';
import { MESSAGE } from './records.ts';

/**
 * Some hundred records. A full ring would keep JavaScript for tens of milliseconds, in which no promise goes on and no
 * line of the access log is written.
 */
const TURN_BYTES = 64 * 1024;

type Owned = {
  readonly flow: FlowRef;
  /** undefined while `accept` decides. */
  handler: FlowHandler | undefined;
  /** Of what the owner knows about its upstream: core/protocol.h, "Eras". */
  era: number;
  /** Era of the last dial that it gave; 0: none. */
  dialled: number;
  /** Numbers of the last forwards that it gave; a gate of an earlier one tells of what it no longer waits for. */
  readonly turn: Record<Side, number>;
  /** It has given a lease and was not told that it is over. */
  leased: boolean;
};

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
  readonly #adoption: Adoption;
  #stopped = false;

  /** `refuse` ends a flow that `accept` gave no owner. */
  constructor(thread: number, messages: MessageRing, accept: Accept, refuse: (flow: FlowRef) => void) {
    this.#thread = thread;
    this.#messages = messages;
    this.#accept = accept;
    this.#refuse = refuse;
    this.#adoption = new Adoption(messages);
  }

  /** The thread has said its last. */
  get stopped(): boolean {
    return this.#stopped;
  }

  /** The era of the owner's view of this flow's upstream; 0 if the flow has ended. */
  era(flow: FlowRef): number {
    return this.#find(flow.slot, flow.generation)?.era ?? 0;
  }

  /** Begins the next one, as a dial does, and gives it. */
  nextEra(flow: FlowRef): number {
    const owned = this.#find(flow.slot, flow.generation);
    if (!owned) return 0;
    owned.era = (owned.era + 1) | 0;
    owned.dialled = owned.era;
    return owned.era;
  }

  /** The number of the forward of this side that the owner gives now. */
  nextTurn(flow: FlowRef, side: Side): number {
    const owned = this.#find(flow.slot, flow.generation);
    if (!owned) return 0;
    owned.turn[side] = (owned.turn[side] + 1) >>> 0;
    return owned.turn[side];
  }

  /** True if the owner has leased the flow and was not told that the lease is over. */
  isLeased(flow: FlowRef): boolean {
    return this.#find(flow.slot, flow.generation)?.leased ?? false;
  }

  leases(flow: FlowRef): void {
    const owned = this.#find(flow.slot, flow.generation);
    if (owned) owned.leased = true;
  }

  /** Delivers what is there now, as far as one turn may take it, and gives the room back. */
  deliverTurn(): void {
    const { head } = this.#messages;
    while (this.#messages.taken < TURN_BYTES && this.#messages.next(head)) this.#deliver();
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
    const owned: Owned = {
      flow,
      handler: undefined,
      era: 1,
      dialled: 0,
      turn: { client: 0, upstream: 0 },
      leased: false,
    };
    this.#owned[slot] = owned;
    try {
      owned.handler = this.#accept(flow, this.#messages.accepted());
    } finally {
      if (!owned.handler) this.#refuse(flow);
    }
  }

  #deliverToOwner(): void {
    const { slot, generation, kind } = this.#messages;
    const owned = this.#find(slot, generation);
    const handler = owned?.handler;
    if (kind === MESSAGE.adoptedBytes) return this.#adoption.addPiece();
    if (kind === MESSAGE.adopted) return this.#adoption.finish(handler);
    if (!owned || !handler) return;
    switch (kind) {
      case MESSAGE.held:
        if (this.#messages.side === 'upstream' && this.#messages.era !== owned.dialled) return;
        return handler.held(this.#messages.held());
      case MESSAGE.gate:
        if (this.#messages.era !== owned.dialled) return; // of credit that the dial took back
        if (this.#messages.turn !== owned.turn[this.#messages.side]) return;
        return handler.gate(this.#messages.gate());
      case MESSAGE.observed:
        return handler.observed(this.#messages.observed());
      case MESSAGE.dialed:
        return this.#deliverDialed(owned, handler);
      case MESSAGE.lost:
        return this.#deliverLost(owned, handler);
      case MESSAGE.leasedRequest:
      case MESSAGE.leasedAnswer:
      case MESSAGE.leasedEnd:
        return handler.leased(this.#messages.leased());
      case MESSAGE.asked:
        owned.leased = false;
        return handler.asked(this.#messages.asked());
      case MESSAGE.closed:
        this.#owned[slot] = undefined;
        this.#adoption.forget(); // of a flow that could not be handed over after all
        return handler.closed(this.#messages.closed());
      default:
        throw new TypeError(`the addon sent a message of kind ${kind}`);
    }
  }

  /** What became of an upstream that the owner has replaced meanwhile is nobody's concern. */
  #deliverDialed(owned: Owned, handler: FlowHandler): void {
    if (this.#messages.era !== owned.era) return;
    const event = this.#messages.dialed();
    if (event.error !== undefined) owned.era = (owned.era + 1) | 0;
    handler.dialed(event);
  }

  #deliverLost(owned: Owned, handler: FlowHandler): void {
    if (this.#messages.era !== owned.era) return;
    owned.era = (owned.era + 1) | 0;
    owned.leased = false;
    handler.lost(this.#messages.lost());
  }

  #find(slot: number, generation: number): Owned | undefined {
    const owned = this.#owned[slot];
    return owned?.flow.generation === generation ? owned : undefined;
  }
}
