/**
 * One question to one server: UDP from a fresh socket (random source port, RFC 5452 §9.2), TCP if the answer is
 * truncated. Servers are addresses; nothing here can reach the C library's resolver.
 */
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { type Endpoint, familyOf } from '../../model/address.ts';
import type { Hostname } from '../../model/hostname.ts';
import { type AddressType, encodeQuery, type Question, type Reply, readReply } from './message.ts';

export type Exchanged = (Reply & { kind: 'records' }) | { readonly kind: 'timeout' | 'unreachable' };
type Outcome = Reply | Exchanged;

export type Ask = {
  readonly server: Endpoint;
  readonly name: Hostname;
  readonly type: AddressType;
  readonly edns: boolean;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
};

/** Never rejects. Both transports together take at most `timeoutMs`; an abort ends as `timeout`. */
export async function exchange(ask: Ask): Promise<Exchanged> {
  const until = performance.now() + ask.timeoutMs;
  const byUdp = await overUdp(ask, { id: randomInt(0x1_0000), name: ask.name, type: ask.type });
  if (byUdp.kind !== 'truncated') return byUdp;
  const rest = { ...ask, timeoutMs: until - performance.now() };
  const byTcp = await overTcp(rest, { id: randomInt(0x1_0000), name: ask.name, type: ask.type });
  return byTcp.kind === 'truncated' ? { kind: 'unreachable' } : byTcp; // TC over TCP: a broken server
}

async function overUdp(ask: Ask, question: Question): Promise<Outcome> {
  const answer = Promise.withResolvers<Outcome>();
  const { ip, port } = ask.server;
  const socket = createSocket({ type: familyOf(ip) === 4 ? 'udp4' : 'udp6', lookup: literalOnly });
  socket.on('error', () => answer.resolve({ kind: 'unreachable' }));
  // Connected: the kernel drops what comes from elsewhere, and reports ICMP errors.
  socket.on('message', (bytes) => {
    const reply = readReply(bytes, question);
    if (reply) answer.resolve(reply);
  });
  socket.connect(port, ip, () => socket.send(encodeQuery(question, ask.edns)));
  const outcome = await limited(ask, answer);
  socket.close();
  return outcome;
}

/** RFC 1035 §4.2.2: each message behind its length in two bytes. */
async function overTcp(ask: Ask, question: Question): Promise<Outcome> {
  const answer = Promise.withResolvers<Outcome>();
  const socket = connect({ host: ask.server.ip, port: ask.server.port, noDelay: true });
  let received = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    received = Buffer.concat([received, chunk]);
    if (received.length < 2 || received.length < 2 + received.readUInt16BE(0)) return;
    // Whatever follows the first message was not asked for.
    answer.resolve(readReply(received.subarray(2, 2 + received.readUInt16BE(0)), question) ?? { kind: 'unreachable' });
  });
  socket.on('error', () => answer.resolve({ kind: 'unreachable' }));
  socket.on('close', () => answer.resolve({ kind: 'unreachable' }));
  const query = encodeQuery(question, ask.edns);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(query.length);
  socket.write(Buffer.concat([length, query]));
  const outcome = await limited(ask, answer);
  socket.destroy();
  return outcome;
}

/** The answer, or `timeout` after the time allowed or when the resolver closes. */
async function limited(ask: Ask, answer: PromiseWithResolvers<Outcome>): Promise<Outcome> {
  const over = (): void => answer.resolve({ kind: 'timeout' });
  const timer = setTimeout(over, Math.max(0, ask.timeoutMs));
  ask.signal.addEventListener('abort', over, { once: true });
  if (ask.signal.aborted) over();
  const outcome = await answer.promise;
  clearTimeout(timer);
  ask.signal.removeEventListener('abort', over);
  return outcome;
}

/** node:dgram passes even literals through a lookup function; this one cannot resolve. */
function literalOnly(
  address: string,
  _options: unknown,
  done: (error: NodeJS.ErrnoException | null, address: string, family: number) => void,
): void {
  process.nextTick(done, null, address, address.includes(':') ? 6 : 4);
}
