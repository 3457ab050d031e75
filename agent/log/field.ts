/**
 * How values from the wire become parts of a line. Contract: total over all inputs; a result holds no line break and no
 * control character in any reading of the line (LF, CR, NEL, LS, PS); lengths are bounded.
 */

/** UTF-16 units that are logged of a value; what is longer is cut. A path with its query may be long and matter. */
export const MAX_PATH_UNITS = 8 * 1024;
export const MAX_VALUE_UNITS = 1024;

/** Cut to `limit` units, never inside a surrogate pair. */
export function cut(value: string, limit: number): string {
  if (value.length <= limit) return value;
  const splitsPair = isHigh(value.charCodeAt(limit - 1)) && isLow(value.charCodeAt(limit));
  return value.slice(0, splitsPair ? limit - 1 : limit);
}

/**
 * JSON in which nothing needs care: beyond JSON.stringify (control characters, quotes, lone surrogates) also DEL, C1
 * and the Unicode line separators are escaped, since many readers break lines there. JSON.parse gives the same value.
 */
export function jsonLine(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\u007f-\u009f\u2028\u2029]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** A JSON string, or null; what is longer than `limit` is cut. The same as jsonLine gives. */
export function jsonText(value: string | null, limit = MAX_VALUE_UNITS): string {
  if (value === null) return 'null';
  return value.length <= limit && PLAIN.test(value) ? `"${value}"` : jsonLine(cut(value, limit));
}

/** Printable ASCII but quote and backslash: nearly every value, and JSON has it as it is. */
const PLAIN = /^[ !#-[\]-~]*$/;

/** For text formats inside quotes: quote, backslash and control characters escaped as Envoy's text does (`\"`, `\n`). */
export function quotedText(value: string | null, limit = MAX_VALUE_UNITS): string {
  return textField(value, limit).replace(/["\\\p{Cc}\u2028\u2029]/gu, (char) => SHORT[char] ?? byNumber(char));
}

/** For text formats outside quotes: no white space and no quote is left, so that a line splits into its fields. */
export function bareText(value: string | null, limit = MAX_VALUE_UNITS): string {
  return textField(value, limit).replace(/["\\\p{Cc}\s]/gu, byNumber);
}

export const ABSENT = '-';

function textField(value: string | null, limit: number): string {
  return value === null || value === '' ? ABSENT : cut(value, limit).toWellFormed();
}

const SHORT: Readonly<Record<string, string>> = { '"': '\\"', '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** One-byte characters as `\xNN`, others as `\u{N}`. */
function byNumber(char: string): string {
  const code = char.codePointAt(0) ?? 0;
  return code <= 0xff ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
}

/** A count or duration: what is no finite number, or negative, is logged as 0. */
export function count(value: number): number {
  return Number.isFinite(value) && value > 0 ? Math.trunc(value) : 0;
}

/** `YYYY-MM-DDTHH:MM:SS.mmmZ`; total, unlike toISOString. */
export function timestamp(epochMs: number): string {
  if (epochMs !== latest.epochMs)
    latest = { epochMs, text: new Date(Math.min(count(epochMs), LATEST_MS)).toISOString() };
  return latest.text;
}

/** Under load many lines begin in one millisecond, and its text costs 0.6 µs. */
let latest = { epochMs: 0, text: '1970-01-01T00:00:00.000Z' };

/** The last moment that is written with a year of four digits. */
const LATEST_MS = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

function isHigh(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

function isLow(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}
