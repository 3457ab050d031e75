import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttp2Server, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import type { Duplex, Readable } from 'node:stream';
import { createServer as createTlsServer, type TLSSocket, type TlsOptions } from 'node:tls';
import type { Connection } from './connection.ts';
import type { ServiceKind } from './fixtures.ts';
import { type Answer, answerOf } from './http-answers.ts';
import { serveRawHttp } from './raw-http.ts';
import { serveWebSocket } from './websocket.ts';

/** What takes the connections of one port. `certificate` is the path of NAME.pem and NAME.key without its ending. */
export function serviceOf(kind: ServiceKind, certificate: string): (connection: Connection) => void {
  return kind === 'https' ? httpsService(certificate) : PLAIN[kind];
}

const PLAIN: Readonly<Record<Exclude<ServiceKind, 'https'>, (connection: Connection) => void>> = {
  http: (connection) => serveHttp(connection, connection.stream, undefined),
  greeting: ({ stream }) => {
    stream.write('HELLO\n');
    stream.pipe(stream);
  },
  echo: ({ stream }) => void stream.pipe(stream),
  'after-fin': answerAfterFin,
  sink: ({ stream }) => void stream.resume().on('end', () => stream.end()),
  'raw-http': serveRawHttp,
  websocket: serveWebSocket,
  'ends-first': ({ stream }) => void stream.resume().end('BYE\n'),
};

function answerAfterFin({ stream }: Connection): void {
  let bytes = 0;
  stream.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
  });
  stream.on('end', () => stream.end(`got ${bytes} bytes\n`));
}

function httpsService(certificate: string): (connection: Connection) => void {
  const cert = readFileSync(`${certificate}.pem`);
  const key = readFileSync(`${certificate}.key`);
  return (connection) => serveTls(connection, { cert, key, ALPNProtocols: ['h2', 'http/1.1'] });
}

// A server object for each connection, here and below: its handlers then know their connection without a look-up.
function serveTls(connection: Connection, options: TlsOptions): void {
  const server = createTlsServer(options, (tls) => {
    const name = serverName(tls);
    connection.sawTls(name, tls.alpnProtocol || undefined);
    if (tls.alpnProtocol === 'h2') serveHttp2(connection, tls, name);
    else serveHttp(connection, tls, name);
  });
  server.on('tlsClientError', () => connection.stream.destroy()); // a client may leave in the handshake
  connection.stream.on('end', () => connection.stream.end()); // HTTP/2 would keep its half open
  server.emit('connection', connection.stream);
}

/** Node keeps false, not undefined, where the client named nobody; its types do not know the property on a server. */
function serverName(tls: TLSSocket): string | undefined {
  const name: unknown = Reflect.get(tls, 'servername');
  return typeof name === 'string' ? name : undefined;
}

function serveHttp(connection: Connection, stream: Duplex, sni: string | undefined): void {
  const server = createServer((request, response) => {
    reply(connection, sni, request.headers.host ?? '', request, response);
  });
  server.emit('connection', stream);
}

function serveHttp2(connection: Connection, stream: Duplex, sni: string | undefined): void {
  const server = createHttp2Server((request, response) => {
    reply(connection, sni, request.authority, request, response);
  });
  server.on('sessionError', () => stream.destroy());
  server.emit('connection', stream);
}

function reply(
  connection: Connection,
  sni: string | undefined,
  authority: string,
  request: IncomingMessage | Http2ServerRequest,
  response: ServerResponse | Http2ServerResponse,
): void {
  const { method = '', url: path = '', headers, httpVersion: version } = request;
  const stream: Readable = request;
  connection.sawRequest({ method, path, authority, version, headers });
  let body = '';
  stream.on('data', (chunk: Buffer) => {
    body += chunk.toString('latin1');
  });
  stream.on('end', () => {
    const { origin, peer, port } = connection;
    const answer = answerOf({ origin, method, path, authority, headers, body, peer, port, sni });
    if (answer.delayMs === 0) send(response, answer, method);
    else setTimeout(() => send(response, answer, method), answer.delayMs);
  });
}

function send(response: ServerResponse | Http2ServerResponse, answer: Answer, method: string): void {
  response.statusCode = answer.status;
  for (const [name, value] of Object.entries(answer.headers)) response.setHeader(name, value);
  response.setHeader('content-length', Buffer.byteLength(answer.body));
  if (method === 'HEAD') response.end();
  else response.end(answer.body);
}
