/** A small authoritative DNS server on loopback, UDP and TCP on one port, whose answers are written by the test. */
import { createSocket, type RemoteInfo } from 'node:dgram';
import { createServer, type Socket } from 'node:net';
import { type Answer, decode, encode, type Packet, TRUNCATED_RESPONSE } from 'dns-packet';
import { type Endpoint, parseIp } from '../../agent/model/address.ts';
import { portOf } from '../../agent/model/port.ts';

export type Query = {
  readonly id: number;
  readonly name: string;
  readonly type: string;
  readonly transport: 'udp' | 'tcp';
  readonly edns: boolean;
  readonly bytes: Buffer;
  readonly fromPort: number;
};

/** One message to send back. `delayMs` is the server's slowness, `fromElsewhere` sends from another port (UDP only). */
export type Answering = {
  readonly message: Buffer;
  readonly delayMs?: number;
  readonly fromElsewhere?: boolean;
};

export type DnsServer = AsyncDisposable & {
  readonly endpoint: Endpoint;
  /** Every query received, in order. */
  readonly queries: readonly Query[];
};

/** `answer` gives all messages for one query, in order; none at all makes the server silent. */
export async function startDnsServer(
  answer: (query: Query) => readonly Answering[],
  ip: '127.0.0.1' | '::1' = '127.0.0.1',
): Promise<DnsServer> {
  const queries: Query[] = [];
  const timers = new Set<NodeJS.Timeout>();
  const streams = new Set<Socket>();
  const udp = createSocket(ip === '::1' ? 'udp6' : 'udp4');
  const elsewhere = createSocket(ip === '::1' ? 'udp6' : 'udp4');
  const tcp = createServer((stream) => serveStream(stream));

  await listening((done) => tcp.listen(0, ip, done));
  const address = tcp.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  await listening((done) => udp.bind(port, ip, done));
  await listening((done) => elsewhere.bind(0, ip, done));
  udp.on('message', (bytes, from) => {
    for (const each of received(bytes, 'udp', from.port)) later(each.delayMs, () => sendTo(from, each));
  });

  const parsedIp = parseIp(ip);
  const parsedPort = portOf(port);
  if (!parsedIp || !parsedPort) throw new Error('the test server has no address');
  return {
    endpoint: { ip: parsedIp, port: parsedPort },
    queries,
    [Symbol.asyncDispose]: async () => {
      for (const timer of timers) clearTimeout(timer);
      for (const stream of streams) stream.destroy();
      udp.close();
      elsewhere.close();
      await new Promise<void>((done) => tcp.close(() => done()));
    },
  };

  function received(bytes: Buffer, transport: 'udp' | 'tcp', fromPort: number): readonly Answering[] {
    const packet = decode(bytes);
    const [question] = packet.questions ?? [];
    const edns = packet.additionals?.some((record) => record.type === 'OPT') ?? false;
    const { name = '', type = '' } = question ?? {};
    const query: Query = { id: packet.id ?? 0, name, type, transport, edns, bytes, fromPort };
    queries.push(query);
    return answer(query);
  }

  function sendTo(from: RemoteInfo, each: Answering): void {
    (each.fromElsewhere ? elsewhere : udp).send(each.message, from.port, from.address);
  }

  function serveStream(stream: Socket): void {
    streams.add(stream);
    let held = Buffer.alloc(0);
    stream.on('error', () => stream.destroy());
    stream.on('close', () => streams.delete(stream));
    stream.on('data', (chunk) => {
      held = Buffer.concat([held, chunk]);
      if (held.length < 2 || held.length < 2 + held.readUInt16BE(0)) return;
      for (const each of received(held.subarray(2), 'tcp', stream.remotePort ?? 0)) {
        later(each.delayMs, () => sendInPieces(stream, each.message));
      }
    });
  }

  function later(delayMs: number | undefined, send: () => void): void {
    if (delayMs === undefined) send();
    else timers.add(setTimeout(send, delayMs));
  }
}

/** The length and the message in separate writes: a reader must not expect one segment. */
function sendInPieces(stream: Socket, message: Buffer): void {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  stream.write(length);
  stream.write(message);
}

function listening(start: (done: () => void) => void): Promise<void> {
  return new Promise((done) => start(done));
}

export type Content = {
  readonly rcode?: number;
  readonly answers?: readonly Answer[];
  readonly authorities?: readonly Answer[];
  readonly truncated?: boolean;
  /** What an attacker or a broken server would change. */
  readonly forge?: Partial<Pick<Packet, 'id' | 'questions' | 'type'>>;
};

/** The message that answers `query`. */
export function reply(query: Query, content: Content): Buffer {
  const rcode = content.rcode ?? 0;
  return encode({
    type: 'response',
    id: query.id,
    flags: rcode | (content.truncated ? TRUNCATED_RESPONSE : 0),
    questions: [...(decode(query.bytes).questions ?? [])],
    answers: [...(content.answers ?? [])],
    authorities: [...(content.authorities ?? [])],
    ...content.forge,
  });
}

export function addressRecord(name: string, data: string, ttl = 60): Answer {
  return { type: data.includes(':') ? 'AAAA' : 'A', name, ttl, class: 'IN', data };
}

export function aliasRecord(name: string, data: string, ttl = 60): Answer {
  return { type: 'CNAME', name, ttl, class: 'IN', data };
}

export function soaRecord(zone: string, ttl: number, minimum: number): Answer {
  const data = { mname: `ns.${zone}`, rname: `root.${zone}`, serial: 1, refresh: 1, retry: 1, expire: 1, minimum };
  return { type: 'SOA', name: zone, ttl, class: 'IN', data };
}
