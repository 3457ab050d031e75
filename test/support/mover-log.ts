import { EventEmitter, once } from 'node:events';
import type { Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { type IpAddress, parseIp } from '../../agent/model/address.ts';
import type {
  AcceptedEvent,
  AdoptedEvent,
  AskedEvent,
  ClosedEvent,
  DialedEvent,
  FlowRef,
  GateEvent,
  HeldEvent,
  LeasedEvent,
  ListenerId,
  LostEvent,
  Mover,
  ObservedEvent,
} from '../../agent/model/mover.ts';
import { type Port, portOf } from '../../agent/model/port.ts';
import { startMover } from '../../agent/native/index.ts';

/** The bytes of an event, copied: its view ends with the call. */
type Kept<E> = Omit<E, 'bytes'> & { readonly text: string };

/** One flow and what was told of it, in order. */
export type LoggedFlow = {
  readonly flow: FlowRef;
  readonly accepted: Kept<AcceptedEvent>;
  readonly held: Kept<HeldEvent>[];
  readonly gates: Kept<GateEvent>[];
  readonly observed: Kept<ObservedEvent>[];
  readonly dialed: DialedEvent[];
  readonly lost: LostEvent[];
  readonly leased: LeasedEvent[];
  readonly asked: AskedEvent[];
  /** Whoever adopts closes the descriptors. */
  readonly adopted: AdoptedEvent[];
  readonly closed: ClosedEvent[];
  /** Names of all events in the order they came. */
  readonly order: string[];
};

export const LOOPBACK = { 4: ip('127.0.0.1'), 6: ip('::1') } as const;

const OPTIONS = { threads: 2, maxFlowsPerThread: 64, maxHeldBytes: 65_536, halfCloseMs: 300, lingerMs: 300 };

/** A mover whose flows do nothing by themselves, stopped behind the test. */
export class LoggedMover {
  readonly mover: Mover;
  readonly flows: LoggedFlow[] = [];
  readonly #events = new EventEmitter();
  /** Runs inside the accept callback, and for each event, before it is logged. */
  onAccept: (flow: LoggedFlow) => void = () => undefined;
  onEvent: (flow: LoggedFlow, name: string) => void = () => undefined;

  constructor(t: TestContext, options: Partial<typeof OPTIONS> = {}) {
    this.mover = startMover({ ...OPTIONS, ...options }, (flow, event) => this.#accepted(flow, event));
    t.after(() => this.mover.stop());
  }

  listen(family: 4 | 6 = 4, sharing: 'per-thread' | 'exclusive' = 'per-thread'): { id: ListenerId; port: Port } {
    return this.mover.listen({ netns: undefined, ip: LOOPBACK[family], port: 0, sharing, transparent: false });
  }

  /** Resolves once this holds for some flow; checked after each event. */
  async until(holds: (flow: LoggedFlow) => boolean): Promise<LoggedFlow> {
    for (;;) {
      const found = this.flows.find(holds);
      if (found) return found;
      await once(this.#events, 'event', { signal: AbortSignal.timeout(5_000) });
    }
  }

  #accepted(flow: FlowRef, event: AcceptedEvent) {
    const logged: LoggedFlow = {
      flow,
      accepted: kept(event),
      held: [],
      gates: [],
      observed: [],
      dialed: [],
      lost: [],
      leased: [],
      asked: [],
      adopted: [],
      closed: [],
      order: [],
    };
    const log = <E>(name: string, list: E[], entry: E) => {
      list.push(entry);
      logged.order.push(name);
      this.#events.emit('event');
      this.onEvent(logged, name);
    };
    this.flows.push(logged);
    this.#events.emit('event');
    this.onAccept(logged);
    return {
      held: (e: HeldEvent) => log('held', logged.held, kept(e)),
      gate: (e: GateEvent) => log('gate', logged.gates, kept(e)),
      observed: (e: ObservedEvent) => log('observed', logged.observed, kept(e)),
      dialed: (e: DialedEvent) => log('dialed', logged.dialed, e),
      lost: (e: LostEvent) => log('lost', logged.lost, e),
      leased: (e: LeasedEvent) =>
        log('leased', logged.leased, e.kind === 'request' ? { ...e, head: e.head.slice() } : e),
      asked: (e: AskedEvent) => log('asked', logged.asked, e),
      adopted: (e: AdoptedEvent) => log('adopted', logged.adopted, e),
      closed: (e: ClosedEvent) => log('closed', logged.closed, e),
    };
  }
}

/** Everything that arrives until the end or a reset (`error` then has its code). */
export async function readAll(socket: Socket): Promise<{ text: string; error: string | undefined }> {
  const parts: Buffer[] = [];
  try {
    for await (const part of socket) parts.push(part);
    return { text: Buffer.concat(parts).toString(), error: undefined };
  } catch (thrown: unknown) {
    const error = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : String(thrown);
    return { text: Buffer.concat(parts).toString(), error };
  }
}

export function port(value: number): Port {
  const checked = portOf(value);
  if (checked === undefined) throw new RangeError(`port ${value}`);
  return checked;
}

function ip(text: string): IpAddress {
  const parsed = parseIp(text);
  if (!parsed) throw new TypeError(text);
  return parsed;
}

function kept<E extends { readonly bytes: Uint8Array }>(event: E): Kept<E> {
  const { bytes, ...rest } = event;
  return { ...rest, text: Buffer.from(bytes).toString('latin1') };
}
