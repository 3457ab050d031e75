import type { CanonicalRequest } from '../../../../agent/wire/http1-canonical.ts';
import { parseRequestHead, type RequestHead } from '../../../../agent/wire/http1-request.ts';
import { ascii } from './settling.ts';

/** The head that this text is; bytes behind it are left alone. */
export function requestHead(text: string): RequestHead {
  const head = parseRequestHead(ascii(text));
  if (head.kind !== 'head') throw new TypeError(`the test itself is wrong: ${head.kind}`);
  return head;
}

/** What readCanonicalRequest must read of the same bytes. */
export function shownOf({ method, target, headers }: RequestHead): CanonicalRequest {
  const first = (name: string): string | null => headers.find(([each]) => each === name)?.[1] ?? null;
  const forwardedFor = headers.filter(([each]) => each === 'x-forwarded-for').map(([, value]) => value);
  return {
    method,
    target,
    userAgent: first('user-agent'),
    requestId: first('x-request-id'),
    xForwardedFor: forwardedFor.length > 0 ? forwardedFor.join(',') : null, // one list (RFC 9110 §5.3)
    traceId: first('x-b3-traceid'),
  };
}
