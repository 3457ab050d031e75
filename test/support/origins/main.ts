/**
 * The origins' process: `node main.ts PLAN`, run inside the namespace where they stand. PLAN is the path of a JSON file,
 * an OriginsPlan. Makes `readyFile` once every port listens; ends with SIGTERM.
 */
import { openSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import type { Connection } from './connection.ts';
import type { Origin, Service } from './fixtures.ts';
import { writeEntry } from './record.ts';
import { serviceOf } from './services.ts';
import { tap } from './tap.ts';

export type OriginsPlan = {
  readonly origins: readonly Origin[];
  /** Folder of KEY.pem and KEY.key for each origin that has an https port. */
  readonly certificates: string;
  readonly recordFile: string;
  readonly readyFile: string;
};

const [planPath = ''] = process.argv.slice(2);
if (planPath !== '') await run(JSON.parse(readFileSync(planPath, 'utf8')) as OriginsPlan); // written by the lab alone

async function run(plan: OriginsPlan): Promise<void> {
  const record = openSync(plan.recordFile, 'a');
  const listening = plan.origins.flatMap((origin) =>
    origin.services.flatMap((service) => {
      const take = serviceOf(service.kind, `${plan.certificates}/${origin.key}`);
      return origin.addresses.map((host) => listen(host, service, (socket) => accept(record, origin, socket, take)));
    }),
  );
  await Promise.all(listening);
  writeFileSync(plan.readyFile, '');
}

function listen(host: string, service: Service, take: (socket: Socket) => void): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, take);
  server.on('error', reject);
  server.listen({ host, port: service.port, backlog: 4096, ipv6Only: host.includes(':') }, resolve);
  return promise;
}

let accepted = 0;

function accept(record: number, origin: Origin, socket: Socket, take: (connection: Connection) => void): void {
  const id = `${process.pid}-${++accepted}`;
  const peer = socket.remoteAddress ?? '';
  const port = socket.localPort ?? 0;
  writeEntry(record, {
    event: 'connected',
    id,
    origin: origin.key,
    peer: endpoint(peer, socket.remotePort),
    local: endpoint(socket.localAddress, port),
    at: Date.now(),
  });
  const stream = tap(socket, {
    first: (bytes) => writeEntry(record, { event: 'first', id, bytes }),
    ended: (how, received, sent) => writeEntry(record, { event: 'ended', id, how, received, sent }),
  });
  take({
    stream,
    reset: () => void socket.resetAndDestroy(),
    origin: origin.key,
    peer,
    port,
    sawTls: (sni, alpn) => writeEntry(record, { event: 'tls', id, sni, alpn }),
    sawRequest: (request) => writeEntry(record, { event: 'request', id, request }),
  });
}

function endpoint(address: string | undefined, port: number | undefined): string {
  return address?.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
