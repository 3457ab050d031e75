import { CR, classOf, LF } from './ascii.ts';

/** A message that must not be relayed, in words for the log. The first fault in order of bytes wins, so that more bytes never change it. */
export type Fault = { readonly kind: 'bad'; readonly why: string };

/** RFC 9112 §2.1: what stands between two line ends, by offsets into the message. */
export type Lines = {
  /** Offset of the CR that ends each complete line, an empty line last if `stop` is `end`. */
  readonly ends: readonly number[];
  /** `end`: an empty line was met; `more`: the bytes ran out first, `scanned` need not be looked at again. */
  readonly stop: 'end' | 'more' | Fault;
  readonly scanned: number;
};

/**
 * Cuts lines up to the first empty one. Strict: CR and LF only as a pair (RFC 9112 §2.2 lets a recipient take a bare LF,
 * which is how two of them come to disagree), other bytes only of the classes in `allowed`. Stops with `end` after `count`
 * lines, too.
 */
export function cutLines(bytes: Uint8Array, from: LineStart, limit: number, allowed: number, count = Infinity): Lines {
  const ends: number[] = [];
  let lineStart = from.lineStart;
  for (let at = from.scanned; at < limit; at++) {
    const byte = bytes[at];
    if ((classOf(byte) & allowed) !== 0) continue;
    if (byte !== CR) return { ends, stop: { kind: 'bad', why: faultOf(byte) }, scanned: at };
    if (at + 1 >= limit) return { ends, stop: 'more', scanned: at };
    if (bytes[at + 1] !== LF) return { ends, stop: { kind: 'bad', why: 'CR without LF' }, scanned: at };
    ends.push(at);
    if (at === lineStart || ends.length === count) return { ends, stop: 'end', scanned: at + 2 };
    at++;
    lineStart = at + 1;
  }
  return { ends, stop: 'more', scanned: limit };
}

/** Where cutting goes on: start of the first incomplete line, and up to where it was looked at. */
export type LineStart = { readonly lineStart: number; readonly scanned: number };

function faultOf(byte: number | undefined): string {
  if (byte === LF) return 'LF without CR';
  return byte !== undefined && byte >= 0x80 ? 'a byte that is not ASCII' : 'a control byte';
}
