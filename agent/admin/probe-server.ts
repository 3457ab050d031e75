import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A page for a path, or undefined: 404. */
export type Page = { readonly status: number; readonly contentType: string; readonly body: string };
export type Pages = (path: string) => Page | undefined | Promise<Page | undefined>;

export type Started =
  | { readonly kind: 'listening'; readonly port: number; readonly close: () => Promise<void> }
  /** The port could not be had: something to tell the operator, no reason not to start (ARCHITECTURE.md, Metrics). */
  | { readonly kind: 'unavailable'; readonly warning: string };

/**
 * GET and HEAD for scrapers and the kubelet, which come over the network: on every address of both families (IPv4 alone
 * where IPv6 is switched off), with few connections and short patience, since pods may reach the port too.
 * `port` 0: any free one.
 */
export async function startProbeServer(purpose: string, port: number, pages: Pages): Promise<Started> {
  const server = createServer(LIMITS, (request, response) => void answer(request, response, pages));
  server.maxConnections = MAX_CONNECTIONS;
  const failure = await tryListen(server, '::', port);
  const lastFailure = failure && NO_IPV6.has(failure.code ?? '') ? await tryListen(server, '0.0.0.0', port) : failure;
  if (lastFailure) {
    return { kind: 'unavailable', warning: `no ${purpose} on port ${port}: ${lastFailure.message}` };
  }
  server.on('error', () => undefined); // accept failed (EMFILE): the prober comes again
  return { kind: 'listening', port: portOf(server), close: () => closed(server) };
}

const MAX_CONNECTIONS = 64;
const LIMITS = {
  headersTimeout: 5_000,
  requestTimeout: 5_000,
  keepAliveTimeout: 5_000,
  connectionsCheckingInterval: 5_000,
  maxHeaderSize: 8 * 1024,
} as const;

const NO_IPV6: ReadonlySet<string> = new Set(['EAFNOSUPPORT', 'EADDRNOTAVAIL', 'EINVAL']);

/** undefined: it listens. */
function tryListen(server: Server, host: string, port: number): Promise<NodeJS.ErrnoException | undefined> {
  return new Promise((resolve) => {
    const failed = (error: NodeJS.ErrnoException): void => resolve(error);
    server.once('error', failed);
    server.listen({ host, port, ipv6Only: false }, () => {
      server.off('error', failed);
      resolve(undefined);
    });
  });
}

async function answer(request: IncomingMessage, response: ServerResponse, pages: Pages): Promise<void> {
  response.on('error', () => undefined); // the prober went away
  const page = await pageFor(request, pages).catch(() => text(500, 'this page cannot be made\n'));
  const headers = { 'content-type': page.contentType, 'content-length': Buffer.byteLength(page.body) };
  response.writeHead(page.status, headers);
  response.end(request.method === 'HEAD' ? undefined : page.body);
}

async function pageFor(request: IncomingMessage, pages: Pages): Promise<Page> {
  if (request.method !== 'GET' && request.method !== 'HEAD') return text(405, 'method not allowed\n');
  const [path = '/'] = (request.url ?? '/').split('?');
  return (await pages(path)) ?? text(404, 'not found\n');
}

export function text(status: number, body: string): Page {
  return { status, contentType: 'text/plain; charset=utf-8', body };
}

function portOf(server: Server): number {
  const address: AddressInfo | string | null = server.address();
  return typeof address === 'object' && address ? address.port : 0;
}

function closed(server: Server): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  server.closeAllConnections();
  return promise;
}
