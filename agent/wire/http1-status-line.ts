import { OBS_TEXT, TEXT, textOf } from './ascii.ts';
import type { HttpVersion } from './http1-control.ts';
import { cutLines, type Fault } from './http1-lines.ts';

export type StatusLine = {
  readonly kind: 'status';
  readonly status: number;
  readonly version: HttpVersion;
  /** Offset of the first field line. */
  readonly next: number;
};

/** A reason phrase has no meaning and no natural length; this keeps one line from using up the head's cap. */
const STATUS_LINE_CAP_BYTES = 4 * 1024;
const BEGINNING = 'HTTP/1.';

/** The first line of an answer, RFC 9112 §4. A missing space behind the status is let pass, any reason phrase too. */
export function readStatusLine(bytes: Uint8Array): StatusLine | { readonly kind: 'more' } | Fault {
  if (!BEGINNING.startsWith(textOf(bytes, 0, Math.min(bytes.length, BEGINNING.length))))
    return bad('an answer that does not begin with HTTP/1');
  const limit = Math.min(bytes.length, STATUS_LINE_CAP_BYTES);
  const { ends, stop } = cutLines(bytes, { lineStart: 0, scanned: 0 }, limit, TEXT | OBS_TEXT, 1);
  const end = ends[0];
  if (end === undefined) {
    if (typeof stop === 'object') return stop;
    return limit === STATUS_LINE_CAP_BYTES ? bad('a status line that is too long') : { kind: 'more' };
  }
  const [, minor, code] = /^HTTP\/1\.([01]) ([1-9][0-9][0-9])(?: |$)/.exec(textOf(bytes, 0, end)) ?? [];
  if (code === undefined) return bad('a status line that is none');
  return { kind: 'status', status: Number(code), version: minor === '1' ? '1.1' : '1.0', next: end + 2 };
}

function bad(why: string): Fault {
  return { kind: 'bad', why };
}
