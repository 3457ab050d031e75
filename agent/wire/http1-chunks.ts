import { COLON, CR, classOf, LF, TEXT, TOKEN } from './ascii.ts';

/** Where a chunked body stands between two pieces of it; made by the functions here only. */
export type ChunkState = {
  readonly at: Place;
  /** The size as far as it was read, then the bytes of the chunk still to come. */
  readonly left: number;
  /** Digits of the size so far. */
  readonly digits: number;
  /** Bytes of chunk extensions, of all chunks together. */
  readonly extensionBytes: number;
  /** Bytes of the trailer section. */
  readonly trailerBytes: number;
  /** Lower-case name of the trailer field being read, as far as it can still be a forbidden one. */
  readonly name: string;
};

type Place = Framing | 'data' | 'done' | 'bad';
/** What the next byte belongs to, where each byte counts. */
type Framing =
  | 'size'
  | 'extension'
  | 'size-lf'
  | 'data-cr'
  | 'data-lf'
  | 'trailer'
  | 'name'
  | 'value'
  | 'value-lf'
  | 'last-lf';

export type ChunkScan = {
  readonly state: ChunkState;
  /** Bytes of this piece that belong to the body, framing included. */
  readonly consumed: number;
  /** The body is complete; what is behind `consumed` is the next message. */
  readonly done: boolean;
  /** Set once the body is no strict chunked body; nothing from offset `consumed` on may be relayed as part of it. */
  readonly bad?: string;
};

/** Extensions of all chunks of a body together: servers were exhausted by many small chunks with long ones. */
export const EXTENSION_CAP_BYTES = 16 * 1024;
export const TRAILER_CAP_BYTES = 16 * 1024;
/** With framing on top, and added to what has passed, it still is a safe integer. */
export const CHUNK_CAP_BYTES = 2 ** 52;

export function chunksStart(): ChunkState {
  return { at: 'size', left: 0, digits: 0, extensionBytes: 0, trailerBytes: 0, name: '' };
}

/** Where the line end is next that follows the data of a chunk, in a body that had no extension so far. */
export function chunksBehindData(): ChunkState {
  return { ...chunksStart(), at: 'data-cr' };
}

/**
 * The next piece of a chunked body (RFC 9112 §7.1). Strict: CR and LF only as a pair, a size of at most CHUNK_CAP_BYTES with
 * the extension's `;` or the line end right behind it, trailers as fields of a head, without those that frame or route.
 *
 * Contract: total; never throws; time linear in framing bytes (data is skipped); the same for any split into pieces.
 */
export function scanChunked(from: ChunkState, bytes: Uint8Array): ChunkScan {
  const s = { ...from };
  let at = 0;
  while (at < bytes.length && s.at !== 'done') {
    if (s.at === 'bad') return { state: s, consumed: at, done: false, bad: 'the body was bad before' };
    if (s.at === 'data') {
      const skipped = Math.min(s.left, bytes.length - at);
      s.left -= skipped;
      at += skipped;
      if (s.left === 0) s.at = 'data-cr';
      continue;
    }
    const why = STEPS[s.at](s, bytes[at] ?? 0);
    if (why !== undefined) return { state: { ...s, at: 'bad' }, consumed: at, done: false, bad: why };
    at++;
  }
  return { state: s, consumed: at, done: s.at === 'done' };
}

/** The bytes of the chunk under way that are still to come, and the state behind them: they need not be looked at. */
export function skipChunkData(from: ChunkState): { readonly state: ChunkState; readonly bytes: number } {
  if (from.at !== 'data') return { state: from, bytes: 0 };
  return { state: { ...from, left: 0, at: 'data-cr' }, bytes: from.left };
}

type Mutable = { -readonly [K in keyof ChunkState]: ChunkState[K] };
/** Takes one byte of framing; answers the fault if it does not fit. */
type Step = (s: Mutable, byte: number) => string | undefined;

const STEPS: Readonly<Record<Framing, Step>> = {
  size: sizeByte,
  extension: extensionByte,
  'size-lf': (s, byte) => (byte === LF ? go(s, s.left > 0 ? 'data' : 'trailer') : 'CR without LF behind a chunk size'),
  'data-cr': (s, byte) => (byte === CR ? go(s, 'data-lf') : 'a chunk longer than its size'),
  'data-lf': (s, byte) => {
    s.digits = 0;
    return byte === LF ? go(s, 'size') : 'CR without LF behind a chunk';
  },
  trailer: (s, byte) => {
    s.name = '';
    return byte === CR ? go(s, 'last-lf') : nameByte(s, byte);
  },
  name: nameByte,
  value: valueByte,
  'value-lf': (s, byte) => (byte === LF ? go(s, 'trailer') : 'CR without LF in the trailers'),
  'last-lf': (s, byte) => (byte === LF ? go(s, 'done') : 'CR without LF behind the trailers'),
};

function sizeByte(s: Mutable, byte: number): string | undefined {
  const digit = hexDigit(byte);
  if (digit !== undefined) {
    s.left = s.left * 16 + digit;
    s.digits++;
    return s.digits <= 16 && s.left <= CHUNK_CAP_BYTES ? undefined : 'a chunk size too large';
  }
  if (s.digits === 0 || (byte !== CR && byte !== SEMICOLON)) return 'a chunk size that is no plain hexadecimal number';
  return go(s, byte === CR ? 'size-lf' : 'extension');
}

function extensionByte(s: Mutable, byte: number): string | undefined {
  if (byte === CR) return go(s, 'size-lf');
  if (++s.extensionBytes > EXTENSION_CAP_BYTES) return 'chunk extensions too large';
  return (classOf(byte) & TEXT) !== 0 ? undefined : 'a control byte or one that is not ASCII in a chunk extension';
}

function nameByte(s: Mutable, byte: number): string | undefined {
  if (++s.trailerBytes > TRAILER_CAP_BYTES) return 'trailers too large';
  if (byte === COLON && s.name !== '') {
    return FORBIDDEN_TRAILERS.has(s.name.replaceAll('_', '-')) ? `a trailer ${s.name}` : go(s, 'value');
  }
  if ((classOf(byte) & TOKEN) === 0) return 'a trailer whose name is no token';
  if (s.name.length <= LONGEST_FORBIDDEN) s.name += String.fromCharCode(byte).toLowerCase();
  return go(s, 'name');
}

function valueByte(s: Mutable, byte: number): string | undefined {
  if (++s.trailerBytes > TRAILER_CAP_BYTES) return 'trailers too large';
  if (byte === CR) return go(s, 'value-lf');
  return (classOf(byte) & TEXT) !== 0 ? undefined : 'a control byte or one that is not ASCII in a trailer';
}

/** RFC 9110 §6.5.1: a recipient that merges trailers into the head would frame or route by them. */
const FORBIDDEN_TRAILERS = new Set([
  'host',
  'content-length',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'proxy-connection',
  'upgrade',
  'te',
  'trailer',
  'expect',
  'authorization',
]);
const LONGEST_FORBIDDEN = 32;
const SEMICOLON = 59;

function go(s: Mutable, place: Place): undefined {
  s.at = place;
}

/** Value of `0`–`9`, `A`–`F`, `a`–`f`. */
function hexDigit(byte: number): number | undefined {
  if (byte >= 48 && byte <= 57) return byte - 48;
  const lower = byte | 0x20;
  return lower >= 97 && lower <= 102 ? lower - 87 : undefined;
}
