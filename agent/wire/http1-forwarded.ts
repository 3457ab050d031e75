import { COLON, LF } from './ascii.ts';

/** Bytes to put into a head, at an offset of the head as it was. */
export type Insertion = { readonly at: number; readonly bytes: Uint8Array };

export type Forwarded = {
  readonly clientAddress: string | undefined;
  /** Not added to a request that has one. */
  readonly requestId: string | undefined;
};

/**
 * What a proxy adds that tells who asks: the client's address behind the last x-forwarded-for, or in a field of its own;
 * an x-request-id. `head`: one that parseRequestHead has read, start line to empty line. In the order of offsets.
 */
export function forwardedInsertions(head: Uint8Array, { clientAddress, requestId }: Forwarded): readonly Insertion[] {
  const end = head.length - 2; // ahead of the empty line
  const forwardedFor = clientAddress === undefined ? undefined : lastLineEnd(head, 'x-forwarded-for');
  const added =
    (clientAddress !== undefined && forwardedFor === undefined ? `x-forwarded-for: ${clientAddress}\r\n` : '') +
    (requestId !== undefined && lastLineEnd(head, 'x-request-id') === undefined
      ? `x-request-id: ${requestId}\r\n`
      : '');
  return [
    ...(forwardedFor === undefined ? [] : [{ at: forwardedFor, bytes: ascii(`,${clientAddress}`) }]),
    ...(added === '' ? [] : [{ at: end, bytes: ascii(added) }]),
  ];
}

/** The head with what is put into it. */
export function withInsertions(head: Uint8Array, insertions: readonly Insertion[]): Uint8Array {
  const out = new Uint8Array(insertions.reduce((sum, { bytes }) => sum + bytes.length, head.length));
  let from = 0;
  let to = 0;
  for (const { at, bytes } of insertions) {
    out.set(head.subarray(from, at), to);
    out.set(bytes, to + at - from);
    to += at - from + bytes.length;
    from = at;
  }
  out.set(head.subarray(from), to);
  return out;
}

/** Offset of the line end of the last field of this name (lower case); undefined: there is none. */
function lastLineEnd(head: Uint8Array, name: string): number | undefined {
  let found: number | undefined;
  for (let start = head.indexOf(LF) + 1; start > 0 && start < head.length; ) {
    const next = head.indexOf(LF, start) + 1;
    if (next === 0) break;
    if (isNamed(head, start, name)) found = next - 2;
    start = next;
  }
  return found;
}

function isNamed(head: Uint8Array, start: number, name: string): boolean {
  if (head[start + name.length] !== COLON) return false;
  for (let at = 0; at < name.length; at++) {
    const byte = head[start + at] ?? 0;
    const lower = byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
    if (lower !== name.charCodeAt(at)) return false;
  }
  return true;
}

function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
