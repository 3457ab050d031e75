import { ascii, concat } from './settling.ts';

/** Parts of a hand-built ClientHello; what is left out is ordinary. */
export type HelloParts = {
  readonly version?: number;
  readonly session?: Uint8Array;
  readonly ciphers?: Uint8Array;
  readonly compressions?: Uint8Array;
  /** null: the hello ends before the extensions. */
  readonly extensions?: readonly Uint8Array[] | null;
};

/** The handshake message with its header, RFC 8446 §4.1.2. */
export function helloMessage(parts: HelloParts = {}): Uint8Array {
  const { version = 0x0303, session = new Uint8Array(32).fill(7), extensions = [serverName('aliyun.com')] } = parts;
  const { ciphers = Uint8Array.of(0x13, 1, 0x13, 2), compressions = Uint8Array.of(0) } = parts;
  const random = new Uint8Array(32).fill(9);
  const head = concat(u16(version), random, vector8(session), vector16(ciphers), vector8(compressions));
  return message(1, extensions === null ? head : concat(head, vector16(concat(...extensions))));
}

export function message(type: number, body: Uint8Array): Uint8Array {
  return concat(Uint8Array.of(type, body.length >> 16), u16(body.length & 0xffff), body);
}

/** The message in records of at most `size` bytes of payload each. */
export function inRecords(handshake: Uint8Array, size = 16_384, version = 0x0301): Uint8Array {
  const records: Uint8Array[] = [];
  for (let at = 0; at < handshake.length; at += size) records.push(record(22, handshake.slice(at, at + size), version));
  return concat(...records);
}

export function record(type: number, payload: Uint8Array, version = 0x0301): Uint8Array {
  return concat(Uint8Array.of(type), u16(version), vector16(payload));
}

/** The handshake message out of captured records that hold nothing else. */
export function outOfRecords(bytes: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const size = ((bytes[at + 3] ?? 0) << 8) | (bytes[at + 4] ?? 0);
    parts.push(bytes.slice(at + 5, at + 5 + size));
    at += 5 + size;
  }
  return concat(...parts);
}

export function extension(type: number, data: Uint8Array): Uint8Array {
  return concat(u16(type), vector16(data));
}

/** RFC 6066 §3; several names make a list that the RFC forbids. */
export function serverName(...names: readonly string[]): Uint8Array {
  return extension(0, vector16(concat(...names.map((name) => concat(Uint8Array.of(0), vector16(ascii(name)))))));
}

export function alpn(...protocols: readonly string[]): Uint8Array {
  return extension(16, vector16(concat(...protocols.map((protocol) => vector8(ascii(protocol))))));
}

export function u16(value: number): Uint8Array {
  return Uint8Array.of(value >> 8, value & 0xff);
}

function vector8(bytes: Uint8Array): Uint8Array {
  return concat(Uint8Array.of(bytes.length), bytes);
}

export function vector16(bytes: Uint8Array): Uint8Array {
  return concat(u16(bytes.length), bytes);
}
