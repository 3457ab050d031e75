import { type Endpoint, type IpAddress, ipFromBytes } from '../model/address.ts';
import type {
  AcceptedEvent,
  AskedEvent,
  ClosedEvent,
  DialedEvent,
  GateEvent,
  HeldEvent,
  LeasedEvent,
  LostEvent,
  ObservedEvent,
  Side,
} from '../model/mover.ts';
import { type Port, portOf } from '../model/port.ts';
import {
  ACCEPTED,
  ADOPTED,
  ASKED,
  CAUSES,
  CLOSED,
  DIALED,
  FLAG,
  HEADER,
  HELD,
  LAYOUT,
  LEASED_ANSWER,
  LEASED_END,
  LEASED_REQUEST,
  LOST,
  MESSAGE,
  SIDE_ENDS,
  SIDES,
  WORD,
} from './records.ts';
import { errnoName } from './system-error.ts';

/**
 * The consumer's side of one thread's message ring: a cursor over records. Event objects are made on demand; their bytes
 * are views into the ring, valid until `release`.
 */
export class MessageRing {
  readonly #control: Int32Array;
  readonly #view: DataView;
  readonly #bytes: Uint8Array;
  #tail = 0;
  #released = 0;
  #at = 0;

  constructor(memory: ArrayBuffer, threadOffset: number) {
    const at = threadOffset + LAYOUT.controlWords * 4;
    this.#control = new Int32Array(memory, threadOffset, LAYOUT.controlWords);
    this.#view = new DataView(memory, at, LAYOUT.messageBytes);
    this.#bytes = new Uint8Array(memory, at, LAYOUT.messageBytes);
  }

  /** The end of what is there now. */
  get head(): number {
    return Atomics.load(this.#control, WORD.messagesHead);
  }

  /** Steps to the next record before `head`; false when there is none. */
  next(head: number): boolean {
    while (this.#tail !== head) {
      this.#at = this.#tail & (LAYOUT.messageBytes - 1);
      this.#tail = (this.#tail + this.#view.getUint32(this.#at, true)) | 0;
      if (this.kind !== MESSAGE.filler) return true;
    }
    return false;
  }

  /** Bytes of the records before the cursor that were not given back yet. */
  get taken(): number {
    return (this.#tail - this.#released) >>> 0;
  }

  /** Gives the records before the cursor back to C. */
  release(): void {
    this.#released = this.#tail;
    Atomics.store(this.#control, WORD.messagesTail, this.#tail);
  }

  get empty(): boolean {
    return this.#tail === this.head;
  }

  /** One of the counters that C publishes: WORD.flows, WORD.heldBytes, WORD.paused. */
  counter(word: number): number {
    return Atomics.load(this.#control, word) >>> 0;
  }

  get kind(): number {
    return this.#view.getUint8(this.#at + HEADER.kind);
  }

  get slot(): number {
    return this.#view.getUint32(this.#at + HEADER.slot, true);
  }

  get generation(): number {
    return this.#view.getUint32(this.#at + HEADER.generation, true);
  }

  accepted(): AcceptedEvent {
    const error = this.#value();
    return {
      listener: this.#view.getUint32(this.#at + ACCEPTED.listener, true),
      peer: this.#endpoint(ACCEPTED.peer),
      local: this.#endpoint(ACCEPTED.local),
      original: error === 0 ? this.#endpoint(ACCEPTED.original) : errnoName(error),
      bytes: this.#payload(ACCEPTED.bytes),
      ended: this.#flag(FLAG.ended),
      at: this.#double(ACCEPTED.at),
    };
  }

  held(): HeldEvent {
    return {
      side: this.side,
      bytes: this.#payload(HELD.bytes),
      ended: this.#flag(FLAG.ended),
      deadline: this.#flag(FLAG.deadline),
      full: this.#flag(FLAG.full),
      passed: this.#double(HELD.passed),
    };
  }

  gate(): GateEvent {
    return {
      side: this.side,
      bytes: this.#payload(HELD.bytes),
      ended: this.#flag(FLAG.ended),
      passed: this.#double(HELD.passed),
    };
  }

  observed(): ObservedEvent {
    return { side: this.side, bytes: this.#payload(HEADER.bytes) };
  }

  dialed(): DialedEvent {
    const error = this.#value();
    return {
      error: error === 0 ? undefined : errnoName(error),
      local: error === 0 ? this.#endpoint(DIALED.local) : undefined,
      at: this.#double(DIALED.at),
    };
  }

  lost(): LostEvent {
    return { reset: this.#flag(FLAG.reset), passed: this.#double(LOST.passed) };
  }

  /** A piece of what an `adopted` record, which follows, hands over. */
  adoptedBytes(): { readonly side: Side; readonly unsent: boolean; readonly bytes: Uint8Array } {
    return { side: this.side, unsent: this.#flag(FLAG.unsent), bytes: this.#payload(HEADER.bytes) };
  }

  /** Takes the descriptor of one side out of an `adopted` record: whoever calls must close it. -1: there is none. */
  takeDescriptor(side: Side): number {
    const at = this.#at + ADOPTED.fd + 4 * SIDES.indexOf(side);
    const fd = this.#view.getInt32(at, true);
    this.#view.setInt32(at, -1, true);
    return fd;
  }

  /** Of an `adopted` record. */
  adoptedEnded(side: Side): boolean {
    return this.#view.getUint32(this.#at + ADOPTED.ended + 4 * SIDES.indexOf(side), true) === 1;
  }

  /** Of the dial that a `dialed` or `lost` record is about; of the last one when a `held` or `gate` record was written. */
  get era(): number {
    return this.kind === MESSAGE.dialed ? this.#view.getInt32(this.#at + DIALED.era, true) : this.#value();
  }

  /** Of a record of kind leasedRequest, leasedAnswer or leasedEnd. */
  leased(): LeasedEvent {
    if (this.kind === MESSAGE.leasedEnd) {
      return { kind: 'end', bodyBytes: this.#double(LEASED_END.bodyBytes), at: this.#double(LEASED_END.at) };
    }
    if (this.kind === MESSAGE.leasedRequest)
      return {
        kind: 'request',
        head: this.#payload(LEASED_REQUEST.bytes),
        bodyBytes: this.#double(LEASED_REQUEST.bodyBytes),
        passed: this.#double(LEASED_REQUEST.passed),
        at: this.#double(LEASED_REQUEST.at),
      };
    return {
      kind: 'answer',
      status: this.#value(),
      bodyBytes: this.#double(LEASED_ANSWER.bodyBytes),
      bodyAt: this.#double(LEASED_ANSWER.bodyAt),
      atSent: this.#double(LEASED_ANSWER.atSent),
      atFirstByte: this.#double(LEASED_ANSWER.atFirstByte),
      atEnd: this.#double(LEASED_ANSWER.atEnd),
    };
  }

  asked(): AskedEvent {
    if (this.#flag(FLAG.inBody)) {
      const at = this.#flag(FLAG.behindData) ? 'data-end' : 'size';
      return { phase: 'body', at, bodyBytes: this.#double(ASKED.bodyBytes) };
    }
    return { phase: this.#flag(FLAG.inAnswer) ? 'answer' : 'request', requestSent: this.#flag(FLAG.requestSent) };
  }

  closed(): ClosedEvent {
    const value = this.#value();
    return {
      cause: member(CAUSES, value & 0xff),
      client: member(SIDE_ENDS, (value >> 8) & 0xff),
      upstream: member(SIDE_ENDS, (value >> 16) & 0xff),
      toUpstream: this.#double(CLOSED.toUpstream),
      toClient: this.#double(CLOSED.toClient),
      atAccepted: this.#double(CLOSED.atAccepted),
      atConnected: this.#double(CLOSED.atConnected),
      atFirstUpstreamByte: this.#double(CLOSED.atFirstUpstreamByte),
      atClosed: this.#double(CLOSED.atClosed),
    };
  }

  #value(): number {
    return this.#view.getInt32(this.#at + HEADER.value, true);
  }

  /** Of the forward that a `gate` record answers. */
  get turn(): number {
    return this.#view.getUint32(this.#at + HELD.turn, true);
  }

  get side(): Side {
    return member(SIDES, this.#view.getUint8(this.#at + HEADER.side));
  }

  #flag(bit: number): boolean {
    return (this.#view.getUint16(this.#at + HEADER.flags, true) & bit) !== 0;
  }

  #double(offset: number): number {
    return this.#view.getFloat64(this.#at + offset, true);
  }

  #payload(fixed: number): Uint8Array {
    const start = this.#at + fixed;
    return this.#bytes.subarray(start, start + this.#view.getUint32(this.#at + HEADER.payload, true));
  }

  #endpoint(offset: number): Endpoint {
    return readEndpoint(this.#view, this.#bytes, this.#at + offset);
  }
}

/** A wire_address record whose port is a port. Port 0 is possible only where nothing was bound, which is a bug of ours. */
function readEndpoint(view: DataView, bytes: Uint8Array, at: number): Endpoint {
  const port: Port | undefined = portOf(view.getUint16(at + 16, true));
  const ip = readIp(view, bytes, at);
  if (!ip || port === undefined) throw new TypeError('the addon gave no endpoint');
  return { ip, port };
}

/** undefined for a family that is no IP. */
export function readIp(view: DataView, bytes: Uint8Array, at: number): IpAddress | undefined {
  const family = view.getUint8(at + 18);
  if (family !== 4 && family !== 6) return undefined;
  return ipFromBytes(bytes.subarray(at, at + (family === 4 ? 4 : 16)));
}

function member<T>(list: readonly T[], at: number): T {
  const found = list[at];
  if (found === undefined) throw new TypeError(`the addon gave the unknown number ${at}`);
  return found;
}
