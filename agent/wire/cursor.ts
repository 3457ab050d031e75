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
    const at = this.#at;
    return this.skip(1) ? (this.#bytes[at] ?? 0) : 0;
  }

  u16(): number {
    const at = this.#at;
    return this.skip(2) ? ((this.#bytes[at] ?? 0) << 8) | (this.#bytes[at + 1] ?? 0) : 0;
  }

  /** False, and an overrun, if fewer bytes are left. */
  skip(length: number): boolean {
    const end = this.#at + length;
    this.#overrun ||= end > this.#bytes.length;
    if (!this.#overrun) this.#at = end;
    return !this.#overrun;
  }

  /** A view, not a copy. Views cost more than all else here: `skip` what nobody looks at. */
  take(length: number): Uint8Array {
    const at = this.#at;
    return this.skip(length) ? this.#bytes.subarray(at, at + length) : EMPTY;
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

const EMPTY = new Uint8Array(0);
