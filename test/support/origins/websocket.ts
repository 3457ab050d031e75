/** A WebSocket server (RFC 6455) that sends back what it gets, written from the RFC for the tests alone. */
import { createHash } from 'node:crypto';
import type { Connection } from './connection.ts';
import { parseHead } from './raw-http.ts';
import { RawReader } from './raw-reader.ts';

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'; // RFC 6455 §1.3
const OPCODE = { continuation: 0, text: 1, close: 8, ping: 9, pong: 10 } as const;

export function serveWebSocket(connection: Connection): void {
  void serve(connection);
}

async function serve({ stream, sawRequest }: Connection): Promise<void> {
  const reader = new RawReader(stream);
  const head = await reader.through('\r\n\r\n');
  if (!head) return;
  const request = parseHead(head.toString('latin1'));
  sawRequest(request);
  const accept = createHash('sha1')
    .update(`${request.headers['sec-websocket-key'] ?? ''}${GUID}`)
    .digest('base64');
  stream.write(
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
      `Sec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  for (let frame = await readFrame(reader); frame; frame = await readFrame(reader)) {
    const { opcode, payload } = frame;
    if (opcode === OPCODE.ping) stream.write(frameOf(OPCODE.pong, true, payload));
    else if (opcode === OPCODE.text) for (const piece of inFragments(payload)) stream.write(piece);
    else stream.write(frameOf(opcode, true, payload));
    if (opcode === OPCODE.close) break;
  }
  stream.end();
}

type Frame = { readonly opcode: number; readonly payload: Buffer };

/** RFC 6455 §5.2; a client masks all that it sends (§5.3). */
async function readFrame(reader: RawReader): Promise<Frame | undefined> {
  const [first, second] = (await take(reader, 2)) ?? [];
  if (first === undefined || second === undefined) return undefined;
  if ((second & 0x80) === 0) throw new Error('a frame that is not masked');
  const short = second & 0x7f;
  const long = short < 126 ? undefined : await take(reader, short === 126 ? 2 : 8);
  const length =
    long === undefined ? short : long.length === 2 ? long.readUInt16BE(0) : Number(long.readBigUInt64BE(0));
  const mask = await take(reader, 4);
  const masked = await take(reader, length);
  if (!mask || !masked) return undefined;
  return { opcode: first & 0x0f, payload: Buffer.from(masked.map((byte, at) => byte ^ (mask[at % 4] ?? 0))) };
}

async function take(reader: RawReader, bytes: number): Promise<Buffer | undefined> {
  const pieces: Buffer[] = [];
  for await (const piece of reader.next(bytes)) pieces.push(piece);
  const all = Buffer.concat(pieces);
  return all.length === bytes ? all : undefined;
}

/** A text in two frames, so that also fragments pass (§5.4). */
function inFragments(payload: Buffer): readonly Buffer[] {
  const middle = payload.length >> 1;
  return [
    frameOf(OPCODE.text, false, payload.subarray(0, middle)),
    frameOf(OPCODE.continuation, true, payload.subarray(middle)),
  ];
}

function frameOf(opcode: number, last: boolean, payload: Buffer): Buffer {
  const { length } = payload;
  const head = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10);
  head[0] = (last ? 0x80 : 0) | opcode;
  if (length < 126) head[1] = length;
  else if (length < 65_536) {
    head[1] = 126;
    head.writeUInt16BE(length, 2);
  } else {
    head[1] = 127;
    head.writeBigUInt64BE(BigInt(length), 2);
  }
  return Buffer.concat([head, payload]);
}
