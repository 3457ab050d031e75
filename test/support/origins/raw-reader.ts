import type { Duplex } from 'node:stream';

/** The bytes of a stream taken piece by piece, as sent. Whatever ends the stream, in order or not, ends the reading. */
export class RawReader {
  readonly #incoming: AsyncIterator<Buffer>;
  #held = Buffer.alloc(0);

  constructor(stream: Duplex) {
    this.#incoming = stream.iterator({ destroyOnReturn: false });
  }

  /** All up to and with the mark; undefined if the stream ended before. */
  async through(mark: string): Promise<Buffer | undefined> {
    for (let from = 0; ; ) {
      const at = this.#held.indexOf(mark, from);
      if (at !== -1) return this.#cut(at + mark.length);
      from = Math.max(0, this.#held.length - mark.length);
      if (!(await this.#more())) return undefined;
    }
  }

  /** The next `bytes` bytes as they come; fewer if the stream ends before. */
  async *next(bytes: number): AsyncGenerator<Buffer> {
    for (let left = bytes; left > 0; ) {
      if (this.#held.length === 0 && !(await this.#more())) return;
      const piece = this.#cut(Math.min(left, this.#held.length));
      left -= piece.length;
      yield piece;
    }
  }

  /** A chunked body with all of its framing (RFC 9112 §7.1); without extensions, as our own clients send it. */
  async *chunks(): AsyncGenerator<Buffer> {
    for (;;) {
      const line = await this.through('\r\n');
      if (!line) return;
      yield line;
      const size = Number.parseInt(line.toString('latin1'), 16);
      if (size > 0) yield* this.next(size + 2);
      else return yield* this.#trailer();
    }
  }

  async *#trailer(): AsyncGenerator<Buffer> {
    for (let line = await this.through('\r\n'); line; line = await this.through('\r\n')) {
      yield line;
      if (line.length === 2) return;
    }
  }

  async #more(): Promise<boolean> {
    const next = await this.#incoming.next().catch(() => ({ done: true, value: undefined }));
    if (next.done === true || next.value === undefined) return false;
    this.#held = this.#held.length === 0 ? Buffer.from(next.value) : Buffer.concat([this.#held, next.value]);
    return true;
  }

  #cut(at: number): Buffer {
    const piece = this.#held.subarray(0, at);
    this.#held = this.#held.subarray(at);
    return piece;
  }
}
