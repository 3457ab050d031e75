/** The first handshake message of a client, taken out of its records. */
export type FirstMessage =
  /** The body of the ClientHello, without its four bytes of header. */
  | { readonly kind: 'message'; readonly body: Uint8Array }
  | { readonly kind: 'more' }
  | { readonly kind: 'not-tls' }
  /** A hello in the frame of SSL 2.0 (RFC 5246 §E.2): TLS, but it cannot name a host. */
  | { readonly kind: 'sslv2' }
  | { readonly kind: 'malformed' };

/**
 * Cap on the body of a ClientHello. Post-quantum key shares make about 2 KiB, Envoy takes 16 KiB; what claims more is
 * malformed as soon as it says so, so that nobody holds bytes for it.
 */
export const HELLO_CAP_BYTES = 16 * 1024;

/**
 * RFC 8446 §5.1: the first handshake message may be spread over any number of records, down to one byte in each, but no
 * other record may stand between them, none may be empty, and nothing may follow the message in its last record.
 */
export function firstMessage(bytes: Uint8Array): FirstMessage {
  const start = beginning(bytes);
  if (start !== 'handshake') return { kind: start };
  const message = new Uint8Array(Math.min(bytes.length, MESSAGE_HEADER_BYTES + HELLO_CAP_BYTES));
  let have = 0;
  for (let at = 0; at < bytes.length; ) {
    const size = recordSize(bytes, at);
    if (typeof size === 'string') return { kind: size };
    const fragment = bytes.subarray(at + RECORD_HEADER_BYTES, at + RECORD_HEADER_BYTES + size);
    // `have` is at most the message's length here, so the view is never counted from the end.
    message.set(fragment.subarray(0, message.length - have), have);
    const need = messageSize(message, have + fragment.length);
    if (need === 'malformed' || (need !== 'more' && have + size > need)) return { kind: 'malformed' };
    if (fragment.length < size) return { kind: 'more' };
    have += size;
    if (have === need) return { kind: 'message', body: message.subarray(MESSAGE_HEADER_BYTES, need) };
    at += RECORD_HEADER_BYTES + size;
  }
  return { kind: 'more' };
}

const RECORD_HEADER_BYTES = 5;
const MESSAGE_HEADER_BYTES = 4;
/** RFC 8446 §5.1: a plaintext record. */
const RECORD_CAP_BYTES = 1 << 14;
const HANDSHAKE = 22;
const CLIENT_HELLO = 1;
/** Major version in every record and hello since SSL 3.0; the minor one is not looked at (RFC 8446 §5.1). */
const MAJOR = 3;

/**
 * An alert, a cipher change or data first is malformed rather than another protocol: some servers skip warnings and read
 * the hello behind them.
 */
function beginning(bytes: Uint8Array): 'handshake' | 'more' | 'not-tls' | 'sslv2' | 'malformed' {
  const [type, major] = bytes;
  if (type === undefined) return 'more';
  if (type >= 0x80) return sslv2Beginning(bytes);
  if (type < 20 || type > 23) return 'not-tls';
  if (major === undefined) return 'more';
  if (major !== MAJOR) return 'not-tls';
  return type === HANDSHAKE ? 'handshake' : 'malformed';
}

/** RFC 5246 §E.2: two bytes of length with the top bit set, type 1, version 3.x, or 0.2 of SSL 2.0 itself. */
function sslv2Beginning(bytes: Uint8Array): 'more' | 'not-tls' | 'sslv2' {
  const [, , type, major, minor] = bytes;
  if (type === undefined) return 'more';
  if (type !== CLIENT_HELLO) return 'not-tls';
  if (major === undefined) return 'more';
  if (major === MAJOR) return 'sslv2';
  if (major !== 0) return 'not-tls';
  if (minor === undefined) return 'more';
  return minor === 2 ? 'sslv2' : 'not-tls';
}

/** Payload bytes of the record at `at`. */
function recordSize(bytes: Uint8Array, at: number): number | 'more' | 'malformed' {
  if (bytes[at] !== HANDSHAKE) return 'malformed';
  if (at + 1 < bytes.length && bytes[at + 1] !== MAJOR) return 'malformed';
  const high = bytes[at + 3];
  const low = bytes[at + 4];
  if (high === undefined || low === undefined) return 'more';
  const size = (high << 8) | low;
  return size > 0 && size <= RECORD_CAP_BYTES ? size : 'malformed';
}

/** Bytes of the whole message with its header, once its header is there. */
function messageSize(message: Uint8Array, have: number): number | 'more' | 'malformed' {
  if (have === 0) return 'more';
  const [type, high = 0, middle = 0, low = 0] = message;
  if (type !== CLIENT_HELLO) return 'malformed';
  if (have < MESSAGE_HEADER_BYTES) return 'more';
  const length = (high << 16) | (middle << 8) | low;
  return length <= HELLO_CAP_BYTES ? MESSAGE_HEADER_BYTES + length : 'malformed';
}
