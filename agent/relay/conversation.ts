import type {
  AcceptedEvent,
  ClosedEvent,
  DialedEvent,
  DialOptions,
  FlowHandler,
  FlowRef,
  GateEvent,
  HeldEvent,
  Mover,
  Side,
} from '../model/mover.ts';

/** What is held, copied out of the mover's ring so that it outlives the event. */
export type Held = HeldEvent;

/**
 * One flow of the mover as a conversation: each question is a promise of its answer, `undefined` once the flow has
 * ended. `closed` always settles, exactly once, and never rejects.
 */
export class Conversation implements FlowHandler {
  readonly opening: AcceptedEvent;
  readonly closedEvent: Promise<ClosedEvent>;
  readonly #mover: Mover;
  readonly #flow: FlowRef;
  readonly #waitHeld: Record<Side, Waiting<Held>> = { client: undefined, upstream: undefined };
  readonly #waitGate: Record<Side, Waiting<GateEvent>> = { client: undefined, upstream: undefined };
  readonly #earlyGate: Record<Side, GateEvent | undefined> = { client: undefined, upstream: undefined };
  #waitDialed: Waiting<DialedEvent>;
  #observer: ((bytes: Uint8Array) => void) | undefined;
  #settleClosed: (event: ClosedEvent) => void = () => {};
  #over: ClosedEvent | undefined;

  constructor(mover: Mover, flow: FlowRef, event: AcceptedEvent) {
    this.#mover = mover;
    this.#flow = flow;
    this.opening = { ...event, bytes: event.bytes.slice() };
    this.closedEvent = new Promise((resolve) => {
      this.#settleClosed = resolve;
    });
  }

  /** True once the flow has ended; every further question answers undefined. */
  get over(): boolean {
    return this.#over !== undefined;
  }

  /** What is held of `side` once it is more than `beyond` bytes, or the side ends, or the deadline or limit is reached. */
  inspect(side: Side, beyond: number, deadlineMs: number): Promise<Held | undefined> {
    if (this.#over) return GONE;
    return new Promise((resolve) => {
      this.#waitHeld[side] = resolve;
      this.#mover.inspect(this.#flow, side, beyond, deadlineMs);
    });
  }

  /** The result of the dial; undefined if the flow ended meanwhile. A success may be told late: forward before it. */
  dial(options: DialOptions): Promise<DialedEvent | undefined> {
    if (this.#over) return GONE;
    return new Promise((resolve) => {
      this.#waitDialed = resolve;
      this.#mover.dial(this.#flow, options);
    });
  }

  forward(side: Side, bytes: number | 'all', notify: 'reached' | 'held'): void {
    this.#earlyGate[side] = undefined;
    if (!this.#over) this.#mover.forward(this.#flow, side, bytes, notify);
  }

  /** The gate of the last `forward` of this side. */
  gated(side: Side): Promise<GateEvent | undefined> {
    if (this.#earlyGate[side]) return Promise.resolve(this.#earlyGate[side]);
    if (this.#over) return GONE;
    return new Promise((resolve) => {
      this.#waitGate[side] = resolve;
    });
  }

  /** Each piece that the upstream sends, in order, until switched off. */
  observeUpstream(see: ((bytes: Uint8Array) => void) | undefined): void {
    this.#observer = see;
    if (!this.#over) this.#mover.observe(this.#flow, 'upstream', see !== undefined);
  }

  /** Sends this to the client, then its FIN; the upstream, if any, is dropped. */
  respond(bytes: Uint8Array): void {
    if (!this.#over) this.#mover.respond(this.#flow, bytes);
  }

  close(how: 'fin' | 'rst'): void {
    if (!this.#over) this.#mover.close(this.#flow, how);
  }

  held(event: HeldEvent): void {
    const wake = this.#waitHeld[event.side];
    this.#waitHeld[event.side] = undefined;
    wake?.({ ...event, bytes: event.bytes.slice() });
  }

  gate(event: GateEvent): void {
    const copy = { ...event, bytes: event.bytes.slice() };
    const wake = this.#waitGate[event.side];
    this.#waitGate[event.side] = undefined;
    this.#earlyGate[event.side] = copy;
    wake?.(copy);
  }

  observed({ bytes }: { readonly bytes: Uint8Array }): void {
    this.#observer?.(bytes);
  }

  dialed(event: DialedEvent): void {
    const wake = this.#waitDialed;
    this.#waitDialed = undefined;
    wake?.(event);
  }

  closed(event: ClosedEvent): void {
    this.#over = event;
    const waiting = [this.#waitDialed, ...Object.values(this.#waitHeld), ...Object.values(this.#waitGate)];
    for (const wake of waiting) wake?.(undefined);
    this.#settleClosed(event);
  }
}

type Waiting<T> = ((answer: T | undefined) => void) | undefined;

const GONE = Promise.resolve(undefined);
