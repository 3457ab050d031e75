/**
 * A WebSocket client as applications have it (Node's own `WebSocket`), run inside the namespace where it stands:
 * `node websocket.ts URL`. Sends texts and bytes of many lengths, one after the other came back, then closes. Prints a
 * WebSocketTold as JSON.
 */
import { createHash } from 'node:crypto';

export type WebSocketTold = {
  /** How many messages came back as they were sent. */
  readonly equal: number;
  readonly different: number;
  /** RFC 6455 §7.1.5, §7.1.6; 1006 if the connection ended without a close frame. */
  readonly code: number;
  readonly reason: string;
};

/** Around each change of how a length is written (RFC 6455 §5.2), and more than any buffer on the way. */
export const MESSAGE_BYTES = [0, 1, 125, 126, 127, 65_535, 65_536, 65_537, 3_000_000];

const [url = ''] = process.argv.slice(2);
if (url !== '') process.stdout.write(`${JSON.stringify(await converse(url))}\n`);

async function converse(to: string): Promise<WebSocketTold> {
  const socket = new WebSocket(to);
  socket.binaryType = 'arraybuffer';
  const closed = Promise.withResolvers<{ readonly code: number; readonly reason: string }>();
  socket.addEventListener('close', ({ code, reason }) => closed.resolve({ code, reason }));
  let wake: (data: unknown) => void = () => undefined;
  socket.addEventListener('message', ({ data }) => wake(data));
  const counted = { equal: 0, different: 0 };
  await Promise.race([new Promise((resolve) => socket.addEventListener('open', resolve)), closed.promise]);
  for (const bytes of MESSAGE_BYTES) {
    for (const message of ['ä'.repeat(bytes / 2), bytesLike(bytes)]) {
      if (socket.readyState !== WebSocket.OPEN) break;
      const back = new Promise<unknown>((resolve) => {
        wake = resolve;
      });
      socket.send(message);
      counted[digest(await Promise.race([back, closed.promise])) === digest(message) ? 'equal' : 'different']++;
    }
  }
  socket.close(1000, 'done');
  return { ...counted, ...(await closed.promise) };
}

function bytesLike(length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, at) => (at * 7) ^ (at >> 8));
}

function digest(data: unknown): string {
  const kind = typeof data;
  const bytes = data instanceof ArrayBuffer ? new Uint8Array(data) : data instanceof Uint8Array ? data : String(data);
  return `${kind} ${createHash('sha256').update(bytes).digest('hex')}`;
}
