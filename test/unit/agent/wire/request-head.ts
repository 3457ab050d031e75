import { parseRequestHead, type RequestHead } from '../../../../agent/wire/http1-request.ts';
import { ascii } from './settling.ts';

/** The head that this text is; bytes behind it are left alone. */
export function requestHead(text: string): RequestHead {
  const head = parseRequestHead(ascii(text));
  if (head.kind !== 'head') throw new TypeError(`the test itself is wrong: ${head.kind}`);
  return head;
}
