import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import * as fc from 'fast-check';
import { parseRequestHead, type RequestHead } from '../../../../agent/wire/http1-request.ts';
import { ascii, fixture, fixturesIn } from './settling.ts';

/** What Node's server makes of a connection: each head that it took. */
let taken: IncomingMessage[] = [];
const server = createServer();

before(async () => {
  const take = (request: IncomingMessage) => {
    taken.push(request);
    request.socket.end();
  };
  for (const event of ['request', 'connect', 'upgrade', 'checkContinue', 'checkExpectation']) server.on(event, take);
  server.on('clientError', (_, socket) => socket.destroy());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
after(() => server.close());

async function nodeReads(bytes: Uint8Array): Promise<IncomingMessage | undefined> {
  taken = [];
  const address = server.address();
  assert.ok(typeof address === 'object' && address);
  const socket = connect({ port: address.port, host: '127.0.0.1' });
  const closed = once(socket.on('error', () => socket.destroy()).resume(), 'close').catch(() => undefined);
  socket.end(bytes);
  await closed;
  return taken[0];
}

function assertSame(ours: RequestHead, theirs: IncomingMessage): void {
  assert.deepEqual([ours.method, ours.target, ours.version], [theirs.method, theirs.url, theirs.httpVersion]);
  const raw = theirs.rawHeaders;
  const names = raw.filter((_, at) => at % 2 === 0).map((name) => name.toLowerCase());
  const values = raw.filter((_, at) => at % 2 === 1);
  assert.deepEqual(
    ours.headers,
    names.map((name, at) => [name, values[at]]),
  );
  const { 'transfer-encoding': coding, 'content-length': length } = theirs.headers;
  const framed = coding !== undefined ? 'chunked' : Number(length ?? 0) > 0 ? 'length' : 'none';
  assert.equal(ours.body.kind, framed);
}

for (const path of fixturesIn('http-request').filter((name) => !name.includes('prior-knowledge'))) {
  test(`${path}: Node and we read the same head`, async () => {
    const ours = parseRequestHead(fixture(path));
    const theirs = await nodeReads(fixture(path));
    assert.ok(ours.kind === 'head' && theirs);
    assertSame(ours, theirs);
  });
}

test('of changed requests, what we take Node reads the same or refuses', async () => {
  const sources = fixturesIn('http-request')
    .filter((name) => !name.includes('prior-knowledge'))
    .map(fixture);
  const spice = fc.constantFrom(...ascii('\r\n\0 \t:;,/#*\x7f\x80aA0H@'));
  const line = fc.constantFrom(
    'Content-Length: 5',
    'Transfer-Encoding: chunked',
    'Connection: close',
    'Host: b.test',
    'X: \t y \t',
    'Upgrade: x',
  );
  const change = fc.record({ at: fc.nat(400), to: spice, insert: fc.boolean() });
  let compared = 0;
  const property = fc.asyncProperty(
    fc.constantFrom(...sources),
    fc.array(change, { maxLength: 2 }),
    fc.array(line, { maxLength: 1 }),
    async (source, changes, lines) => {
      const edited = [...source];
      for (const { at, to, insert } of changes) edited.splice(at % source.length, insert ? 0 : 1, to);
      const lineEnd = edited.indexOf(10) + 1;
      edited.splice(lineEnd, 0, ...ascii(lines.map((text) => `${text}\r\n`).join('')));
      const bytes = Uint8Array.from(edited);
      const ours = parseRequestHead(bytes);
      if (ours.kind !== 'head') return;
      const theirs = await nodeReads(bytes);
      if (!theirs) return;
      compared++;
      assertSame(ours, theirs);
    },
  );
  await fc.assert(property, { numRuns: 400 });
  assert.ok(compared > 50, `only ${compared} heads compared`);
});
