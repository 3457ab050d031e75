import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import tls from 'node:tls';
import * as fc from 'fast-check';
import { parseHostname } from '../../../../agent/model/hostname.ts';
import { parseClientHello } from '../../../../agent/wire/tls.ts';
import { extension, helloMessage, inRecords, record, serverName } from './hello-bytes.ts';
import { concat, fixture, fixturesIn } from './settling.ts';

/** Without a certificate: OpenSSL reads the hello, tells the name, and gives up. */
let named: string | undefined;
const server = tls.createServer({
  SNICallback: (name, done) => {
    named = name;
    done(null);
  },
});

before(async () => {
  server.on('tlsClientError', (_, socket) => socket.destroy());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
after(() => server.close());

/** The name that OpenSSL takes from a connection that sends these bytes; undefined: none, or the hello refused. */
async function openSslName(bytes: Uint8Array): Promise<string | undefined> {
  named = undefined;
  const address = server.address();
  assert.ok(typeof address === 'object' && address);
  const socket = connect({ port: address.port, host: '127.0.0.1' });
  const closed = once(socket.on('error', () => socket.destroy()).resume(), 'close').catch(() => undefined);
  socket.end(bytes);
  await closed;
  return named;
}

function ourName(bytes: Uint8Array): string | undefined {
  const hello = parseClientHello(bytes);
  return hello.kind === 'hello' ? hello.serverName : undefined;
}

for (const path of fixturesIn('client-hello').filter((name) => !name.includes('ip-sni'))) {
  test(`${path}: OpenSSL and we read the same name`, async () => {
    const bytes = fixture(path);
    const name = await openSslName(bytes);
    assert.equal(ourName(bytes), name === undefined ? undefined : parseHostname(name));
    assert.equal(name === undefined, path.includes('no-sni') || path.includes('-ip'));
  });
}

const alert = record(21, Uint8Array.of(1, 0));
const doubtful = [
  { says: 'a warning ahead of the hello', bytes: concat(alert, inRecords(helloMessage())) },
  { says: 'two names in a list', bytes: inRecords(helloMessage({ extensions: [serverName('a.test', 'b.test')] })) },
  {
    says: 'server_name twice',
    bytes: inRecords(helloMessage({ extensions: [serverName('a.test'), serverName('b.test')] })),
  },
  {
    says: 'an unknown extension twice',
    bytes: inRecords(helloMessage({ extensions: [extension(99, alert), extension(99, alert), serverName('a.test')] })),
  },
  {
    says: 'a second hello in the record',
    bytes: record(22, concat(helloMessage(), helloMessage({ extensions: [serverName('b.test')] }))),
  },
];

for (const { says, bytes } of doubtful) {
  test(`${says}: no name here, whatever OpenSSL makes of it`, async () => {
    await openSslName(bytes);
    assert.equal(ourName(bytes), undefined);
  });
}

test('from changed captures OpenSSL never reads another name than we do', async () => {
  const sources = fixturesIn('client-hello').map(fixture).concat(inRecords(helloMessage(), 30));
  const change = fc.tuple(fc.nat(700), fc.nat(255));
  let compared = 0;
  const property = fc.asyncProperty(
    fc.constantFrom(...sources),
    fc.array(change, { minLength: 1, maxLength: 2 }),
    async (source, changes) => {
      const bytes = source.slice();
      for (const [at, to] of changes) bytes[at % bytes.length] = to;
      const ours = ourName(bytes);
      const theirs = await openSslName(bytes);
      if (ours === undefined || theirs === undefined) return;
      compared++;
      assert.equal(ours, parseHostname(theirs));
    },
  );
  await fc.assert(property, { numRuns: 400 });
  assert.ok(compared > 50, `only ${compared} names compared`);
});
