import { asciiOf, SPACE } from './ascii.ts';
import { FIELD_COUNT_CAP, type HeaderField } from './http1-fields.ts';
import type { RequestLine } from './http1-request-line.ts';
import type { StatusLine } from './http1-status-line.ts';

/**
 * The quick way through a head that is whole and of ordinary form, as nearly all are: the grammar of RFC 9112 §3 to §5 as
 * one regular expression that must match up to the empty line. Narrower than what the careful way (http1-lines,
 * http1-fields, the readers of the first lines) takes: no tab, no byte from 0x80, a target that is a path, a limited size.
 * Whatever does not match is for the careful way, which alone finds faults and their order.
 *
 * Contract: total; never throws; what these functions return is what the careful way returns (a property test compares).
 */
export type WholeHead<L> = {
  readonly line: L;
  readonly fields: readonly HeaderField[];
  readonly headBytes: number;
};

export function readWholeRequest(bytes: Uint8Array): WholeHead<RequestLine> | undefined {
  const [head, method, target, minor] = REQUEST.exec(beginning(bytes)) ?? [];
  if (head === undefined || method === undefined || target === undefined) return undefined;
  const next = head.indexOf('\n') + 1;
  return withFields(head, { kind: 'line', method, target, version: minor === '1' ? '1.1' : '1.0', next });
}

export function readWholeAnswer(bytes: Uint8Array): WholeHead<StatusLine> | undefined {
  const [head, minor, status] = ANSWER.exec(beginning(bytes)) ?? [];
  if (head === undefined) return undefined;
  const next = head.indexOf('\n') + 1;
  return withFields(head, { kind: 'status', status: Number(status), version: minor === '1' ? '1.1' : '1.0', next });
}

/**
 * Of what may be a head and many bytes behind it. Longer heads are rare, and no longer head meets a cap of the careful
 * way on one line.
 */
const QUICK_BYTES = 4 * 1024;

function beginning(bytes: Uint8Array): string {
  return asciiOf(bytes, 0, Math.min(bytes.length, QUICK_BYTES));
}

// No character ends one repetition and goes on with it, so that a text that does not match is given up in linear time.
const FIELDS = "(?:[!#$%&'*+\\-.^_`|~0-9A-Za-z]+:[ -~]*\\r\\n)*\\r\\n";
const REQUEST = new RegExp(`^([A-Z]+) (/[!-~]*) HTTP/1\\.([01])\\r\\n${FIELDS}`);
const ANSWER = new RegExp(`^HTTP/1\\.([01]) ([1-9][0-9][0-9])(?: [ -~]*)?\\r\\n${FIELDS}`);

/** `head` matched as a whole, so that each line from `line.next` on has its colon and its end. */
function withFields<L extends { readonly next: number }>(head: string, line: L): WholeHead<L> | undefined {
  const lower = head.toLowerCase();
  const fields: HeaderField[] = [];
  const end = head.length - 2;
  for (let at = line.next; at < end; ) {
    const colon = head.indexOf(':', at);
    const lineEnd = head.indexOf('\r', colon);
    let from = colon + 1;
    let to = lineEnd;
    while (from < to && head.charCodeAt(from) === SPACE) from++;
    while (to > from && head.charCodeAt(to - 1) === SPACE) to--;
    fields.push([lower.slice(at, colon), head.slice(from, to)]);
    at = lineEnd + 2;
  }
  return fields.length > FIELD_COUNT_CAP ? undefined : { line, fields, headBytes: head.length };
}
