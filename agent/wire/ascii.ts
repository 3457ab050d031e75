/** RFC 9110 §5.6.2: `tchar`. */
export const TOKEN = 1;
/** HTAB, SP and visible ASCII: what a strict field value or request line may hold. */
export const TEXT = 2;
/** 0x80–0xff, RFC 9110 §5.5 `obs-text`. */
export const OBS_TEXT = 4;
/** SP and HTAB, RFC 9110 §5.6.3. */
export const BLANK = 8;

export const CR = 13;
export const LF = 10;
export const SPACE = 32;
export const COLON = 58;

/** The classes of a byte, or'ed; 0 for control bytes (CR and LF among them) and for `undefined`, the end of the bytes. */
export function classOf(byte: number | undefined): number {
  return CLASSES[byte ?? 256] ?? 0;
}

/**
 * One character for each byte of [start, end); never fails. ASCII is exact; bytes from 0x80 stay apart from each other
 * (WHATWG windows-1252), but are not for comparing. One decode and slices of it are 20 times faster than characters.
 */
export function textOf(bytes: Uint8Array, start: number, end: number): string {
  return DECODER.decode(bytes.subarray(start, end));
}

/**
 * As textOf, in half the time, but bytes from 0x80 become U+0080 to U+00FF, control characters among them: for text of
 * which only ASCII is used. 0 <= start <= end <= bytes.length.
 */
export function asciiOf(bytes: Uint8Array, start: number, end: number): string {
  return latin1Slice.call(bytes, start, end);
}

const DECODER = new TextDecoder('latin1');
// A cast, since Node's types leave it out. The documented toString('latin1') is the same, but only of a Buffer.
const { latin1Slice } = Buffer.prototype as Buffer & {
  readonly latin1Slice: (this: Uint8Array, start: number, end: number) => string;
};
const TOKEN_PUNCTUATION = "!#$%&'*+-.^_`|~";
const CLASSES = Uint8Array.from({ length: 257 }, (_, byte) => {
  if (byte === 256) return 0;
  const character = String.fromCharCode(byte);
  const token = /[0-9A-Za-z]/.test(character) || TOKEN_PUNCTUATION.includes(character) ? TOKEN : 0;
  const blank = character === ' ' || character === '\t' ? BLANK : 0;
  const text = blank || (byte > 0x20 && byte < 0x7f) ? TEXT : 0;
  return token | blank | text | (byte >= 0x80 ? OBS_TEXT : 0);
});
