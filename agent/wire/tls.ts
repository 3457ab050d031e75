import { type Hostname, parseHostname } from '../model/hostname.ts';
import { textOf } from './ascii.ts';
import { Cursor } from './cursor.ts';
import { firstMessage } from './tls-records.ts';

type Hello = {
  readonly kind: 'hello';
  /** undefined: no SNI, or one that is no name (an address, not ASCII): what is no name is no name. */
  readonly serverName: Hostname | undefined;
  /** As offered, GREASE left out. */
  readonly alpn: readonly string[];
  /** An encrypted hello is inside (or GREASE looks so): `serverName` is only the outer name. */
  readonly ech: boolean;
};

export type HelloResult =
  | Hello
  | { readonly kind: 'more' }
  | { readonly kind: 'not-tls' }
  | { readonly kind: 'sslv2' }
  | { readonly kind: 'malformed' };

/**
 * The ClientHello at the start of `bytes` (RFC 8446 §4.1.2, older versions alike). Malformed is what two servers could
 * read differently: an extension twice, not exactly one host_name, lengths that do not meet.
 *
 * A second hello after HelloRetryRequest is not for the relay to read: it must repeat the first but for key_share, cookie
 * and the like (RFC 8446 §4.1.2), servers refuse another name, and it goes where the first was admitted to.
 *
 * Contract: total; never throws; at most 16 KiB of message; once it is not `more`, bytes behind never change it.
 */
export function parseClientHello(bytes: Uint8Array): HelloResult {
  const first = firstMessage(bytes);
  return first.kind === 'message' ? readHello(first.body) : first;
}

type Malformed = { readonly kind: 'malformed' };
const MALFORMED: Malformed = { kind: 'malformed' };
const RANDOM_BYTES = 32;
const SESSION_ID_CAP_BYTES = 32;
const EXTENSION = { serverName: 0, alpn: 16, encryptedClientHello: 0xfe0d } as const;

function readHello(body: Uint8Array): Hello | Malformed {
  const cursor = new Cursor(body);
  const major = cursor.u16() >> 8;
  cursor.skip(RANDOM_BYTES);
  const sessionBytes = cursor.u8();
  cursor.skip(sessionBytes);
  const cipherBytes = cursor.u16();
  cursor.skip(cipherBytes);
  const compressions = cursor.u8();
  cursor.skip(compressions);
  if (cursor.overrun || major !== 3 || sessionBytes > SESSION_ID_CAP_BYTES) return MALFORMED;
  if (cipherBytes === 0 || cipherBytes % 2 !== 0 || compressions === 0) return MALFORMED;
  // TLS 1.2 and older need not have extensions at all (RFC 5246 §7.4.1.2).
  if (cursor.ended) return { kind: 'hello', serverName: undefined, alpn: [], ech: false };
  const extensions = cursor.vector16();
  return cursor.overrun || !cursor.ended ? MALFORMED : readExtensions(extensions);
}

function readExtensions(bytes: Uint8Array): Hello | Malformed {
  const cursor = new Cursor(bytes);
  const seen = new Set<number>();
  let serverName: Hostname | undefined;
  let alpn: readonly string[] = [];
  let ech = false;
  while (!cursor.ended) {
    const type = cursor.u16();
    const size = cursor.u16();
    if (seen.has(type)) return MALFORMED; // RFC 8446 §4.2: never more than one of a type
    seen.add(type);
    if (type === EXTENSION.serverName) {
      const name = readServerName(cursor.take(size));
      if (name === undefined) return MALFORMED;
      serverName = parseHostname(name);
    } else if (type === EXTENSION.alpn) {
      const offered = readAlpn(cursor.take(size));
      if (!offered) return MALFORMED;
      alpn = offered;
    } else if (type === EXTENSION.encryptedClientHello) {
      const form = cursor.take(size)[0];
      if (form !== ECH_OUTER && form !== ECH_INNER) return MALFORMED;
      ech = form === ECH_OUTER;
    } else cursor.skip(size);
    if (cursor.overrun) return MALFORMED;
  }
  return { kind: 'hello', serverName, alpn, ech };
}

/** RFC 9849 §5: `outer` carries an encrypted hello; `inner` marks a hello that was one, its name is the true one. */
const ECH_OUTER = 0;
const ECH_INNER = 1;

/** RFC 6066 §3: a list that may hold one name of each type, of which there is only host_name, type 0. */
function readServerName(data: Uint8Array): string | undefined {
  const outer = new Cursor(data);
  const list = new Cursor(outer.vector16());
  const type = list.u8();
  const name = list.vector16();
  const whole = !outer.overrun && outer.ended && !list.overrun && list.ended;
  return whole && type === 0 && name.length > 0 ? textOf(name, 0, name.length) : undefined;
}

/** RFC 7301 §3.1. */
function readAlpn(data: Uint8Array): string[] | undefined {
  const outer = new Cursor(data);
  const list = new Cursor(outer.vector16());
  const offered: string[] = [];
  if (outer.overrun || !outer.ended || list.ended) return undefined;
  while (!list.ended) {
    const protocol = list.vector8();
    if (protocol.length === 0) return undefined;
    if (!isGrease(protocol)) offered.push(textOf(protocol, 0, protocol.length));
  }
  return list.overrun ? undefined : offered;
}

/** RFC 8701 §2: {0x0A,0x0A}, {0x1A,0x1A} … {0xFA,0xFA}. */
function isGrease(protocol: Uint8Array): boolean {
  const [first = 0, second] = protocol;
  return protocol.length === 2 && first === second && (first & 0x0f) === 0x0a;
}
