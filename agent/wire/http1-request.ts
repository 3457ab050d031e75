import type { Authority } from '../model/hostname.ts';
import { TEXT } from './ascii.ts';
import { type HttpVersion, readControl } from './http1-control.ts';
import { type FieldsProgress, type HeaderField, readFields } from './http1-fields.ts';
import { type BadRequest, type RequestLine, readRequestLine } from './http1-request-line.ts';
import { readAsked } from './http1-target.ts';
import { readWholeRequest } from './http1-whole.ts';

/** How many bytes follow the head (RFC 9112 §6). */
type RequestBody =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly bytes: number }
  | { readonly kind: 'chunked' };

export type RequestHead = {
  readonly kind: 'head';
  readonly method: string;
  /** As sent, whichever form. */
  readonly target: string;
  /** The target's path and query, also of an absolute-form; `*` for OPTIONS *, empty for CONNECT. */
  readonly path: string;
  readonly version: HttpVersion;
  readonly headers: readonly HeaderField[];
  /** undefined only for HTTP/1.0 that names no host. For CONNECT its target. */
  readonly authority: Authority | undefined;
  readonly body: RequestBody;
  /** Start line to empty line. */
  readonly headBytes: number;
  /** The client expects the connection to live on after the answer. */
  readonly keepAlive: boolean;
  /** Lower-case protocols of Upgrade, asked for or not by Connection. */
  readonly upgrade: readonly string[];
  readonly expectContinue: boolean;
};

type RequestMore = {
  readonly kind: 'more';
  /** These bytes can become nothing but HTTP/1: if no more come, the request is bad, not something else. */
  readonly certain: boolean;
  /** Give it back with the same bytes and more behind them to go on instead of starting again; optional. */
  readonly resume: RequestProgress | undefined;
};

export type RequestProgress = { readonly line: RequestLine; readonly fields: FieldsProgress };

export type RequestResult = RequestHead | RequestMore | { readonly kind: 'not-http' } | BadRequest;

/**
 * The head of an HTTP/1 request at the start of `bytes` (RFC 9112), strictly: what two servers could read differently is
 * `bad`, to be answered with its status and closed.
 *
 * Contract: total; never throws; looks at no more than 64 KiB; once it is not `more`, bytes behind never change it, and
 * it is the same in whatever pieces the bytes came, with or without `resume`.
 */
export function parseRequestHead(bytes: Uint8Array, resume?: RequestProgress): RequestResult {
  const whole = resume ? undefined : readWholeRequest(bytes);
  if (whole) return headOf(whole.line, whole.fields, whole.headBytes);
  const line = resume?.line ?? readRequestLine(bytes);
  if (line.kind === 'more') return { ...line, resume: undefined };
  if (line.kind !== 'line') return line;
  const fields = readFields(bytes, resume?.fields ?? startAt(line.next), TEXT);
  if (fields.kind === 'more') return { kind: 'more', certain: true, resume: { line, fields: fields.progress } };
  if (fields.kind === 'too-large') return { kind: 'bad', status: 431, why: fields.why };
  return fields.kind === 'bad' ? bad(fields.why) : headOf(line, fields.fields, fields.headBytes);
}

function startAt(offset: number): FieldsProgress {
  return { lineStart: offset, scanned: offset, fields: [] };
}

function headOf(line: RequestLine, headers: readonly HeaderField[], headBytes: number): RequestHead | BadRequest {
  const { method, target, version } = line;
  const control = readControl(headers, version);
  if (control.kind === 'bad') return bad(control.why);
  const asked = readAsked(method, target, version, control.hosts);
  if (asked.kind === 'bad') return bad(asked.why);
  const { keepAlive, upgrade, expectContinue } = control;
  const body = bodyOf(control.chunked, control.length);
  // RFC 9110 §9.3.6, §9.3.8: servers differ in whether the bytes behind are content or what comes next.
  if ((method === 'CONNECT' || method === 'TRACE') && body.kind !== 'none') return bad(`${method} with content`);
  const { authority, path } = asked;
  return {
    kind: 'head',
    method,
    target,
    path,
    version,
    headers,
    authority,
    body,
    headBytes,
    keepAlive,
    upgrade,
    expectContinue,
  };
}

/** RFC 9112 §6.3: a request without either has no body. `Content-Length: 0` is the same. */
function bodyOf(chunked: boolean, length: number | undefined): RequestBody {
  if (chunked) return { kind: 'chunked' };
  return length === undefined || length === 0 ? { kind: 'none' } : { kind: 'length', bytes: length };
}

function bad(why: string): BadRequest {
  return { kind: 'bad', status: 400, why };
}
