import { COLON, SPACE } from './ascii.ts';

/**
 * What an access line shows of a request, read out of its head; null: no such field. Of a field sent twice the first, but
 * all of x-forwarded-for, whose lines are one list (RFC 9110 §5.3).
 */
export type CanonicalRequest = {
  readonly method: string;
  /** As sent, with its query. */
  readonly target: string;
  readonly userAgent: string | null;
  readonly requestId: string | null;
  readonly xForwardedFor: string | null;
  readonly traceId: string | null;
};

/**
 * Reads a head of which the mover's scanner has said that it is canonical (native/core/http1-scan.h): ASCII, one space
 * between method, target and `HTTP/1.1`, lines `name: value` that end in CR LF. Of such a head parseRequestHead says the
 * same (a test compares them) and checks all again: 1.3 µs, where this takes 0.3.
 *
 * Contract: total; never throws, and ends for any text; believes what it reads.
 */
export function readCanonicalRequest(head: string): CanonicalRequest {
  const methodEnd = head.indexOf(' ');
  const targetEnd = head.indexOf(' ', methodEnd + 1);
  let userAgent: string | null = null;
  let requestId: string | null = null;
  let xForwardedFor: string | null = null;
  let traceId: string | null = null;
  let at = head.indexOf('\n', targetEnd) + 1;
  while (at > 0 && at < head.length) {
    const end = head.indexOf('\n', at);
    // Most fields are none of these, as their first letters tell. Lower case by a bit: nothing but letters become these.
    const first = head.charCodeAt(at) | LOWER;
    if (first === U) userAgent ??= valueIf('user-agent', head, at, end);
    else if (first === X) {
      const third = head.charCodeAt(at + 2) | LOWER;
      if (third === R) requestId ??= valueIf('x-request-id', head, at, end);
      else if (third === F) xForwardedFor = joined(xForwardedFor, valueIf('x-forwarded-for', head, at, end));
      else if (third === B) traceId ??= valueIf('x-b3-traceid', head, at, end);
    }
    at = end + 1;
  }
  const method = head.slice(0, methodEnd);
  const target = head.slice(methodEnd + 1, targetEnd);
  return { method, target, userAgent, requestId, xForwardedFor, traceId };
}

function joined(list: string | null, more: string | null): string | null {
  return list === null || more === null ? (list ?? more) : `${list},${more}`;
}

const LOWER = 0x20;
const [B, F, R, U, X] = [0x62, 0x66, 0x72, 0x75, 0x78];

/** The value of the line that ends with the LF at `end`, without the blanks around it, if it is a field of this name. */
function valueIf(name: string, head: string, at: number, end: number): string | null {
  const colon = at + name.length;
  if (head.charCodeAt(colon) !== COLON || head.slice(at, colon).toLowerCase() !== name) return null;
  let from = colon + 1;
  let to = end - 1;
  while (from < to && isBlank(head.charCodeAt(from))) from++;
  while (to > from && isBlank(head.charCodeAt(to - 1))) to--;
  return head.slice(from, to);
}

function isBlank(unit: number): boolean {
  return unit === SPACE || unit === TAB;
}

const TAB = 9;
