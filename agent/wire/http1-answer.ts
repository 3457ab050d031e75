import { OBS_TEXT, TEXT, textOf } from './ascii.ts';
import { type ControlFields, type HttpVersion, readControl } from './http1-control.ts';
import { type HeaderField, readFields } from './http1-fields.ts';
import { cutLines, type Fault } from './http1-lines.ts';

/** What follows an answer's head (RFC 9112 §6.3). `tunnel`: another protocol, after 101 or a 2xx to CONNECT. */
type AnswerBody =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly bytes: number }
  | { readonly kind: 'chunked' }
  | { readonly kind: 'until-close' }
  | { readonly kind: 'tunnel' };

export type AnswerHead = {
  readonly kind: 'head';
  readonly status: number;
  readonly version: HttpVersion;
  readonly headers: readonly HeaderField[];
  readonly body: AnswerBody;
  /** Offset of the first field line: where one can be put in. */
  readonly fieldsAt: number;
  readonly headBytes: number;
  /** Lower-case protocols of Upgrade. */
  readonly upgrade: readonly string[];
  /** The server lets another request follow; false where the end of the connection ends the body. */
  readonly keepAlive: boolean;
  /** 1xx but 101: the final answer is still to come. */
  readonly interim: boolean;
};

export type AnswerResult = AnswerHead | { readonly kind: 'more' } | Fault;

/**
 * The head of an HTTP/1 answer at the start of `bytes`, as strict as requests in all that frames it. Bytes from 0x80 are
 * let pass in values and the reason phrase (RFC 9110 §5.5: file names, locations of old servers), as is a missing space
 * behind the status, which many servers write: nobody reads these differently in a way that matters.
 *
 * Contract: total; never throws; looks at no more than 64 KiB; once it is not `more`, bytes behind never change it.
 */
export function parseAnswerHead(bytes: Uint8Array, request: { readonly requestMethod: string }): AnswerResult {
  const line = readStatusLine(bytes);
  if (line.kind !== 'status') return line;
  const start = { lineStart: line.next, scanned: line.next, fields: [] };
  const fields = readFields(bytes, start, TEXT | OBS_TEXT);
  if (fields.kind === 'more') return { kind: 'more' };
  if (fields.kind !== 'fields') return bad(fields.why);
  const { status, version } = line;
  const control = readControl(fields.fields, version);
  if (control.kind === 'bad') return control;
  const body = bodyOf(status, request.requestMethod, control);
  if (body.kind === 'bad') return body;
  const keepAlive = control.keepAlive && body.kind !== 'until-close';
  const interim = status < 200 && status !== 101;
  return {
    kind: 'head',
    status,
    version,
    headers: fields.fields,
    body,
    fieldsAt: line.next,
    headBytes: fields.headBytes,
    upgrade: control.upgrade,
    keepAlive,
    interim,
  };
}

type StatusLine = {
  readonly kind: 'status';
  readonly status: number;
  readonly version: HttpVersion;
  readonly next: number;
};

/** A reason phrase has no meaning and no natural length; this keeps one line from using up the head's cap. */
const STATUS_LINE_CAP_BYTES = 4 * 1024;
const BEGINNING = 'HTTP/1.';

function readStatusLine(bytes: Uint8Array): StatusLine | { readonly kind: 'more' } | Fault {
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

/**
 * RFC 9112 §6.3 in its order. 1xx and 204 must not be framed (RFC 9110 §8.6, RFC 9112 §6.1); `Content-Length: 0` there
 * is common and every reading of it is the same.
 */
function bodyOf(status: number, requestMethod: string, control: ControlFields): AnswerBody | Fault {
  const { chunked, length } = control;
  if (status < 200 || status === 204) {
    if (chunked || (length ?? 0) > 0) return bad(`a ${status} with content`);
    return { kind: status === 101 ? 'tunnel' : 'none' };
  }
  if (requestMethod === 'CONNECT' && status < 300) return { kind: 'tunnel' };
  if (requestMethod === 'HEAD' || status === 304) return { kind: 'none' };
  if (chunked) return { kind: 'chunked' };
  if (length === undefined) return { kind: 'until-close' };
  return length === 0 ? { kind: 'none' } : { kind: 'length', bytes: length };
}

function bad(why: string): Fault {
  return { kind: 'bad', why };
}
