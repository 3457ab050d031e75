import type {
  AcceptedEvent,
  AskedEvent,
  ClosedEvent,
  DialedEvent,
  DialOptions,
  FlowHandler,
  FlowRef,
  GateEvent,
  HeldEvent,
  Lease,
  LeasedEvent,
  LostEvent,
  Mover,
  Side,
} from '../model/mover.ts';

/** What is held, copied out of the mover's ring so that it outlives the event. */
export type Held = HeldEvent;

/**
 * One flow of the mover as a conversation: each question is a promise of its answer, `undefined` once the flow has
 * ended, or, if the question needs the upstream, once that is lost. `closedEvent` always settles, once, and never rejects.
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
  #waitAsked: Waiting<AskedEvent>;
  #onLeased: (event: LeasedEvent) => void = () => {};
  #lost: LostEvent | undefined;
  #upstreamGone: PromiseWithResolvers<undefined> | undefined;
  #settleClosed: (event: ClosedEvent) => void = () => {};
  #over: ClosedEvent | undefined;

  constructor(mover: Mover, flow: FlowRef, event: AcceptedEvent) {
    this.#mover = mover;
    this.#flow = flow;
    this.opening = { ...event, bytes: copyOf(event.bytes) };
    this.closedEvent = new Promise((resolve) => {
      this.#settleClosed = resolve;
    });
  }

  /** True once the flow has ended; every further question answers undefined. */
  get over(): boolean {
    return this.#over !== undefined;
  }

  /** Set from when the upstream was lost until the next dial. */
  get lostUpstream(): LostEvent | undefined {
    return this.#lost;
  }

  /** Resolves once the upstream is lost or the flow has ended; `lostUpstream` and `over` tell which. */
  upstreamGone(): Promise<undefined> {
    if (this.#over || this.#lost) return GONE;
    this.#upstreamGone ??= Promise.withResolvers<undefined>();
    return this.#upstreamGone.promise;
  }

  /** What is held of `side` once it is more than `beyond` bytes, or the side ends, or the deadline or limit is reached. */
  inspect(side: Side, beyond: number, deadlineMs = NO_LIMIT_MS): Promise<Held | undefined> {
    if (this.#over || (side === 'upstream' && this.#lost)) return GONE;
    return new Promise((resolve) => {
      this.#waitHeld[side] = resolve;
      this.#mover.inspect(this.#flow, side, beyond, deadlineMs);
    });
  }

  /** The result of the dial; undefined if the flow ended meanwhile. A success may be told late: forward before it. */
  dial(options: DialOptions): Promise<DialedEvent | undefined> {
    if (this.#over) return GONE;
    this.#lost = undefined;
    this.#earlyGate.client = this.#earlyGate.upstream = undefined;
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
    if (this.#over || this.#lost) return GONE;
    return new Promise((resolve) => {
      this.#waitGate[side] = resolve;
    });
  }

  /** In what is held of `side`, put `bytes` in place of `remove` bytes at offset `at`. */
  edit(side: Side, at: number, remove: number, bytes: Uint8Array): void {
    if (!this.#over) this.#mover.edit(this.#flow, side, at, remove, bytes);
  }

  /** Puts these bytes ahead of what is held of `side`; the mover takes so many in one edit. */
  putBack(side: Side, bytes: Uint8Array): void {
    for (let end = bytes.length; end > 0; end -= EDIT_BYTES) {
      this.edit(side, 0, 0, bytes.subarray(Math.max(0, end - EDIT_BYTES), end));
    }
  }

  /** What is held of this flow is counted with that of the others of this number. */
  share(number: number): void {
    if (!this.#over) this.#mover.share(this.#flow, number);
  }

  /** Requests that the lease covers pass without asking, each told to `leased`, until the mover asks again. */
  lease(lease: Lease, leased: (event: LeasedEvent) => void): Promise<AskedEvent | undefined> {
    if (this.#over || this.#lost) return GONE;
    this.#onLeased = leased;
    return new Promise((resolve) => {
      this.#waitAsked = resolve;
      this.#mover.lease(this.#flow, lease);
    });
  }

  endLease(): void {
    if (!this.#over && this.#waitAsked) this.#mover.lease(this.#flow, undefined);
  }

  /** What a lease must be given under. */
  get epoch(): number {
    return this.#mover.epoch();
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
    wake?.({ ...event, bytes: copyOf(event.bytes) });
  }

  gate(event: GateEvent): void {
    const copy = { ...event, bytes: copyOf(event.bytes) };
    const wake = this.#waitGate[event.side];
    this.#waitGate[event.side] = undefined;
    this.#earlyGate[event.side] = copy;
    wake?.(copy);
  }

  /** Nothing here asks for copies. */
  observed(): void {}

  dialed(event: DialedEvent): void {
    const wake = this.#waitDialed;
    this.#waitDialed = undefined;
    wake?.(event);
  }

  lost(event: LostEvent): void {
    this.#lost = event;
    const { client, upstream } = this.#waitGate;
    const waiting = [client, upstream, this.#waitHeld.upstream, this.#waitAsked];
    this.#waitGate.client = this.#waitGate.upstream = this.#waitHeld.upstream = this.#waitAsked = undefined;
    for (const wake of waiting) wake?.(undefined);
    this.#tellUpstreamGone();
  }

  leased(event: LeasedEvent): void {
    this.#onLeased(event);
  }

  asked(event: AskedEvent): void {
    const wake = this.#waitAsked;
    this.#waitAsked = undefined;
    wake?.(event);
  }

  closed(event: ClosedEvent): void {
    this.#over = event;
    const waiting = [
      this.#waitDialed,
      this.#waitAsked,
      ...Object.values(this.#waitHeld),
      ...Object.values(this.#waitGate),
    ];
    for (const wake of waiting) wake?.(undefined);
    this.#tellUpstreamGone();
    this.#settleClosed(event);
  }

  #tellUpstreamGone(): void {
    this.#upstreamGone?.resolve(undefined);
    this.#upstreamGone = undefined;
  }
}

/** Small copies share Node's slabs of 8 KiB; an ArrayBuffer of its own for each, as slice() makes, takes eight times as long. */
function copyOf(bytes: Uint8Array): Uint8Array {
  return Buffer.from(bytes);
}

/**
 * One day: how long a peer may take is its own business (Istio's default is no route time-out), and a flow that is admitted
 * whatever it says may stay silent; the mover's own deadlines end dead ones.
 */
const NO_LIMIT_MS = 86_400_000;

/** As `Mover.edit` has it. */
const EDIT_BYTES = 16 * 1024;

type Waiting<T> = ((answer: T | undefined) => void) | undefined;

const GONE = Promise.resolve(undefined);
