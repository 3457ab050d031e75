import type { FailureCode } from '../model/failure.ts';
import type { DenyReason, HttpRefusalStatus } from '../model/verdict.ts';

/** The bytes of our own answers, when a flow is refused. */
export type HttpRefusal = {
  readonly status: HttpRefusalStatus;
  readonly reasonCode: DenyReason | FailureCode;
  /** One line for the person who reads it; control bytes in it are blanked. */
  readonly text: string;
  /** The request was HEAD: the head of the same answer, without the body. */
  readonly head: boolean;
  /** IMF-fixdate (RFC 9110 §5.6.7), as Date.toUTCString gives it. */
  readonly date: string;
};

/** A whole HTTP/1.1 answer, after which the connection is closed. */
export function httpRefusal({ status, reasonCode, text, head, date }: HttpRefusal): Uint8Array {
  const encoder = new TextEncoder();
  const body = encoder.encode(`${oneLine(text)}\n`);
  const answer = encoder.encode(
    `HTTP/1.1 ${status} ${PHRASES[status]}\r\n` +
      'server: weir\r\n' +
      `date: ${date}\r\n` +
      'content-type: text/plain; charset=utf-8\r\n' +
      `content-length: ${body.length}\r\n` +
      `x-weir-reason: ${reasonCode}\r\n` +
      'connection: close\r\n\r\n',
  );
  return head ? answer : joined(answer, body);
}

/** RFC 9110 §15. */
const PHRASES: Readonly<Record<HttpRefusalStatus, string>> = {
  400: 'Bad Request',
  403: 'Forbidden',
  404: 'Not Found',
  413: 'Content Too Large',
  414: 'URI Too Long',
  431: 'Request Header Fields Too Large',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
  505: 'HTTP Version Not Supported',
};

/** A fatal alert access_denied (RFC 8446 §6.2), legacy record version 3.3, as any version of TLS reads it. */
export function tlsAlertAccessDenied(): Uint8Array {
  return Uint8Array.of(21, 3, 3, 0, 2, 2, 49);
}

/**
 * The server's preface (an empty SETTINGS) and a GOAWAY that has processed no stream (RFC 9113 §6.8), with the reason as
 * debug data. HTTP_1_1_REQUIRED where HTTP/1.1 could have been judged; else INADEQUATE_SECURITY, the one code that gRPC
 * maps to PERMISSION_DENIED and no client retries.
 */
export function http2Goaway(reasonCode: DenyReason | FailureCode): Uint8Array {
  const errorCode = reasonCode === 'http2-undecidable' ? HTTP_1_1_REQUIRED : INADEQUATE_SECURITY;
  const debug = new TextEncoder().encode(reasonCode);
  const payload = joined(Uint8Array.of(0, 0, 0, 0, 0, 0, 0, errorCode), debug);
  return joined(frame(SETTINGS, new Uint8Array(0)), frame(GOAWAY, payload));
}

const SETTINGS = 4;
const GOAWAY = 7;
const INADEQUATE_SECURITY = 0xc;
const HTTP_1_1_REQUIRED = 0xd;

/** RFC 9113 §4.1, on stream 0, no flags; every payload here is shorter than 256 bytes. */
function frame(type: number, payload: Uint8Array): Uint8Array {
  return joined(Uint8Array.of(0, 0, payload.length, type, 0, 0, 0, 0, 0), payload);
}

function oneLine(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, ' ');
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
