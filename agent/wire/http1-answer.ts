import { OBS_TEXT, TEXT } from './ascii.ts';
import { type ControlFields, type HttpVersion, readControl } from './http1-control.ts';
import { type HeaderField, readFields } from './http1-fields.ts';
import type { Fault } from './http1-lines.ts';
import { readStatusLine, type StatusLine } from './http1-status-line.ts';
import { readWholeAnswer } from './http1-whole.ts';

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
  const whole = readWholeAnswer(bytes);
  if (whole) return headOf(whole.line, whole.fields, whole.headBytes, request.requestMethod);
  const line = readStatusLine(bytes);
  if (line.kind !== 'status') return line;
  const start = { lineStart: line.next, scanned: line.next, fields: [] };
  const fields = readFields(bytes, start, TEXT | OBS_TEXT);
  if (fields.kind === 'more') return { kind: 'more' };
  return fields.kind === 'fields'
    ? headOf(line, fields.fields, fields.headBytes, request.requestMethod)
    : bad(fields.why);
}

function headOf(
  line: StatusLine,
  headers: readonly HeaderField[],
  headBytes: number,
  requestMethod: string,
): AnswerHead | Fault {
  const { status, version } = line;
  const control = readControl(headers, version);
  if (control.kind === 'bad') return control;
  const body = bodyOf(status, requestMethod, control);
  if (body.kind === 'bad') return body;
  const { upgrade } = control;
  const keepAlive = control.keepAlive && body.kind !== 'until-close';
  const interim = status < 200 && status !== 101;
  return { kind: 'head', status, version, headers, body, fieldsAt: line.next, headBytes, upgrade, keepAlive, interim };
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
