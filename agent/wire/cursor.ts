/**
 * Big-endian reading of bytes that may be too short. A read past the end answers 0 or empty bytes and sets `overrun`, for
 * good: read on, and believe nothing before `overrun` was asked. So a parser needs no check at each step and cannot throw.
 */
export class Cursor {
  readonly #bytes: Uint8Array;
  #at = 0;
  #overrun = false;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get overrun(): boolean {
    return this.#overrun;
  }

  /** Nothing is left to read, or the end was already passed. */
  get ended(): boolean {
    return this.#overrun || this.#at === this.#bytes.length;
  }

  u8(): number {
    return this.take(1)[0] ?? 0;
  }

  u16(): number {
    const [high = 0, low = 0] = this.take(2);
    return (high << 8) | low;
  }

  /** A view, not a copy. */
  take(length: number): Uint8Array {
    const end = this.#at + length;
    if (this.#overrun || end > this.#bytes.length) {
      this.#overrun = true;
      return new Uint8Array(0);
    }
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }

  /** A vector with its length in one byte ahead (RFC 8446 §3.4). */
  vector8(): Uint8Array {
    return this.take(this.u8());
  }

  /** A vector with its length in two bytes ahead. */
  vector16(): Uint8Array {
    return this.take(this.u16());
  }
}
