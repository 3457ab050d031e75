/**
 * Node's own HTTP server as an origin: `node parsed-http.ts RECORD READY PORT ADDRESS…`. Answers each request with its
 * request line and writes down how it understood it. Ends with SIGTERM.
 */
import { openSync, writeFileSync, writeSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

/** One line of RECORD: a request that was read whole. `body` is latin1, without its framing. */
export type ParsedEntry = { readonly line: string; readonly body: string };

const [recordFile = '', readyFile = '', port = '', ...addresses] = process.argv.slice(2);
if (recordFile !== '') run();

function run(): void {
  const record = openSync(recordFile, 'a');
  let listening = 0;
  for (const host of addresses) {
    // Larger than any head of the corpus that is relayed: what is refused for its size is refused before it comes here.
    const server = createServer({ maxHeaderSize: 128 * 1024, keepAliveTimeout: 0 }, (request, response) => {
      answer(request, response, (entry) => writeSync(record, `${JSON.stringify(entry)}\n`));
    });
    server.listen({ host, port: Number(port), backlog: 4096, ipv6Only: host.includes(':') }, () => {
      if (++listening === addresses.length) writeFileSync(readyFile, '');
    });
  }
}

function answer(request: IncomingMessage, response: ServerResponse, write: (entry: ParsedEntry) => void): void {
  const line = `${request.method} ${request.url} HTTP/${request.httpVersion}`;
  const pieces: Buffer[] = [];
  request.on('data', (piece: Buffer) => pieces.push(piece));
  request.on('end', () => {
    write({ line, body: Buffer.concat(pieces).toString('latin1') });
    response.setHeader('content-length', line.length + 1);
    response.end(request.method === 'HEAD' ? undefined : `${line}\n`);
  });
}
