import { COMMAND, HEADER, LAYOUT, WORD } from './records.ts';

/**
 * The producer's side of one thread's command ring. JavaScript never waits for C: what does not fit stands in a queue
 * and goes in by a later flush.
 *
 * A record is written by `begin` and then by the setters at byte offsets from its start; nothing of it is visible to the
 * thread before `flush`.
 */
export class CommandRing {
  readonly #control: Int32Array;
  readonly #ring: DataView;
  readonly #ringBytes: Uint8Array;
  readonly #queue: Uint8Array[] = [];
  #head = 0;
  /** Where the record being written lies. */
  #view: DataView;
  #bytes: Uint8Array;
  #at = 0;

  constructor(memory: ArrayBuffer, threadOffset: number) {
    const at = threadOffset + LAYOUT.controlWords * 4 + LAYOUT.messageBytes;
    this.#control = new Int32Array(memory, threadOffset, LAYOUT.controlWords);
    this.#ring = new DataView(memory, at, LAYOUT.commandBytes);
    this.#ringBytes = new Uint8Array(memory, at, LAYOUT.commandBytes);
    this.#view = this.#ring;
    this.#bytes = this.#ringBytes;
  }

  /** Begins a record of `fixed` bytes and this payload. */
  begin(
    kind: number,
    side: number,
    flags: number,
    slot: number,
    generation: number,
    value: number,
    fixed: number,
    payload: Uint8Array,
  ): void {
    const length = (fixed + payload.length + 7) & ~7;
    this.#place(length);
    const view = this.#view;
    const at = this.#at;
    view.setUint32(at + HEADER.length, length, true);
    view.setUint8(at + HEADER.kind, kind);
    view.setUint8(at + HEADER.side, side);
    view.setUint16(at + HEADER.flags, flags, true);
    view.setUint32(at + HEADER.slot, slot, true);
    view.setUint32(at + HEADER.generation, generation, true);
    view.setUint32(at + HEADER.payload, payload.length, true);
    view.setInt32(at + HEADER.value, value, true);
    if (payload.length > 0) this.#bytes.set(payload, at + fixed);
  }

  setUint32(offset: number, value: number): void {
    this.#view.setUint32(this.#at + offset, value, true);
  }

  setUint16(offset: number, value: number): void {
    this.#view.setUint16(this.#at + offset, value, true);
  }

  setBytes(offset: number, bytes: Uint8Array): void {
    this.#bytes.set(bytes, this.#at + offset);
  }

  setUint8(offset: number, value: number): void {
    this.#view.setUint8(this.#at + offset, value);
  }

  /** Makes all complete records visible. True if the thread sleeps and must be kicked. */
  flush(): boolean {
    while (this.#queue[0] && this.#fits(this.#queue[0].length)) {
      const record = this.#queue.shift();
      if (!record) break;
      this.#ringBytes.set(record, this.#reserve(record.length));
    }
    Atomics.store(this.#control, WORD.commandsHead, this.#head);
    return Atomics.exchange(this.#control, WORD.threadSleeps, 0) === 1;
  }

  /** Records that did not fit: `flush` must be called again. */
  get waiting(): boolean {
    return this.#queue.length > 0;
  }

  #place(length: number): void {
    if (this.#queue.length === 0 && this.#fits(length)) {
      this.#at = this.#reserve(length);
      this.#view = this.#ring;
      this.#bytes = this.#ringBytes;
      return;
    }
    const own = new Uint8Array(length);
    this.#queue.push(own);
    this.#at = 0;
    this.#view = new DataView(own.buffer);
    this.#bytes = own;
  }

  #fits(length: number): boolean {
    const toEnd = LAYOUT.commandBytes - (this.#head & (LAYOUT.commandBytes - 1));
    const unread = (this.#head - Atomics.load(this.#control, WORD.commandsTail)) >>> 0;
    return unread + (length > toEnd ? length + toEnd : length) <= LAYOUT.commandBytes;
  }

  /** Byte offset of `length` contiguous bytes; a filler closes the lap. Only if they fit. */
  #reserve(length: number): number {
    const offset = this.#head & (LAYOUT.commandBytes - 1);
    const toEnd = LAYOUT.commandBytes - offset;
    if (length <= toEnd) {
      this.#head = (this.#head + length) | 0;
      return offset;
    }
    this.#ring.setUint32(offset + HEADER.length, toEnd, true);
    this.#ring.setUint32(offset + HEADER.kind, COMMAND.filler, true);
    this.#head = (this.#head + toEnd + length) | 0;
    return 0;
  }
}
