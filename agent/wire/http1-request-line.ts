import { classOf, LF, SPACE, TEXT, TOKEN, textOf } from './ascii.ts';
import type { HttpVersion } from './http1-control.ts';
import { cutLines } from './http1-lines.ts';

/** A request that is answered with this status and closed; nothing of it is relayed. */
export type BadRequest = { readonly kind: 'bad'; readonly status: 400 | 414 | 431 | 505; readonly why: string };

export type RequestLine = {
  readonly kind: 'line';
  readonly method: string;
  readonly target: string;
  readonly version: HttpVersion;
  /** Offset of the first field line. */
  readonly next: number;
};

export type RequestLineResult =
  | RequestLine
  /** `certain`: these bytes can become nothing but HTTP/1, or a bad request. */
  | { readonly kind: 'more'; readonly certain: boolean }
  | { readonly kind: 'not-http' }
  | BadRequest;

/** RFC 9112 §3 asks for at least 8000 octets; 16 KiB is more than common servers take. */
export const TARGET_CAP_BYTES = 16 * 1024;
const LINE_CAP_BYTES = TARGET_CAP_BYTES + 64;

/**
 * The first line, and whether this is HTTP/1 at all. Other protocols share its first bytes (`SSH-2.0-x Debian`, redis'
 * `GET key`, memcached's `get key`), so it is HTTP from the moment that a method of HTTP is followed by a path or an
 * http(s) URI, or else when the complete line contains ` HTTP/`, in any case and after any blank. From then on each
 * deviation is a bad request, never "not HTTP": other bytes than one space between the parts, empty lines ahead
 * (RFC 9112 §2.2 lets servers skip them, and servers differ in how many), lower-case methods, a line without a version.
 */
export function readRequestLine(bytes: Uint8Array): RequestLineResult {
  const limit = Math.min(bytes.length, LINE_CAP_BYTES);
  const capped = limit === LINE_CAP_BYTES;
  const start = runEnd(bytes, 0, limit, isFiller);
  const wordEnd = runEnd(bytes, start, limit, isToken);
  if (wordEnd === limit) return capped ? { kind: 'not-http' } : { kind: 'more', certain: false };
  if (wordEnd === start) return { kind: 'not-http' };
  const word = textOf(bytes, start, wordEnd);
  const known = METHODS.has(word.toUpperCase());
  if (METHODS.has(word) && bytes[wordEnd] === SPACE && isTarget(bytes, wordEnd + 1))
    return strictLine(bytes, start, limit);
  if (bytes[wordEnd] !== SPACE && bytes[wordEnd] !== TAB && !known) return { kind: 'not-http' };
  const lineEnd = bytes.subarray(0, limit).indexOf(LF, wordEnd);
  if (lineEnd !== -1) {
    const named = /[\t\v\f\r ]http\//i.test(textOf(bytes, wordEnd, lineEnd));
    return named ? strictLine(bytes, start, limit) : { kind: 'not-http' };
  }
  if (!capped) return { kind: 'more', certain: false };
  return bytes[wordEnd] === SPACE && bytes[wordEnd + 1] === SLASH ? tooLong() : { kind: 'not-http' };
}

const TAB = 9;
const SLASH = 47;

/** Methods that may open a connection (IANA's registry, those in use). Unknown ones are HTTP by their version alone. */
const METHODS = new Set(
  (
    'GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH ' +
    'PROPFIND PROPPATCH MKCOL COPY MOVE LOCK UNLOCK SEARCH REPORT QUERY PURGE'
  ).split(' '),
);

/** What only HTTP puts behind its methods. */
function isTarget(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === SLASH || /^https?:/i.test(textOf(bytes, at, Math.min(bytes.length, at + 6)));
}

function strictLine(bytes: Uint8Array, start: number, limit: number): RequestLineResult {
  if (start > 0) return bad('blanks or empty lines ahead of the request line');
  const { ends, stop } = cutLines(bytes, AT_START, limit, TEXT, 1);
  const end = ends[0];
  if (end !== undefined) return splitLine(textOf(bytes, 0, end), end + 2);
  if (typeof stop === 'object') return bad(stop.why);
  return limit === LINE_CAP_BYTES ? tooLong() : { kind: 'more', certain: true };
}

const AT_START = { lineStart: 0, scanned: 0 };

function splitLine(line: string, next: number): RequestLineResult {
  const [method = '', target = '', version = '', ...more] = line.split(' ');
  const whole = method !== '' && target !== '' && version !== '' && more.length === 0 && !line.includes('\t');
  if (!whole) return bad('a request line that is not method, target and version with one space between');
  if (/[^!#$%&'*+\-.^_`|~0-9A-Z]/.test(method)) return bad('a method that is no upper-case token');
  if (target.length > TARGET_CAP_BYTES) return tooLong();
  if (!/^HTTP\/[0-9]\.[0-9]$/.test(version)) return bad('a version that is none');
  if (version === 'HTTP/1.1') return { kind: 'line', method, target, version: '1.1', next };
  if (version === 'HTTP/1.0') return { kind: 'line', method, target, version: '1.0', next };
  return { kind: 'bad', status: 505, why: 'a version other than HTTP/1.0 and HTTP/1.1' };
}

function runEnd(bytes: Uint8Array, from: number, limit: number, belongs: (byte: number) => boolean): number {
  let at = from;
  for (; at < limit; at++) {
    const byte = bytes[at];
    if (byte === undefined || !belongs(byte)) break;
  }
  return at;
}

function isFiller(byte: number): boolean {
  return byte === SPACE || byte === TAB || byte === LF || byte === 13;
}

function isToken(byte: number): boolean {
  return (classOf(byte) & TOKEN) !== 0;
}

function tooLong(): BadRequest {
  return { kind: 'bad', status: 414, why: `a target of more than ${TARGET_CAP_BYTES} bytes` };
}

function bad(why: string): BadRequest {
  return { kind: 'bad', status: 400, why };
}
