import assert from 'node:assert/strict';
import { createHook } from 'node:async_hooks';
import { lookup } from 'node:dns/promises';
import { test } from 'node:test';
import { createResolver } from '../../../../../agent/upstream/resolve/resolver.ts';
import { reply, startDnsServer } from '../../../../support/dns-server.ts';
import { answering, ipsOf, name, V4 } from '../../../../support/dns-zone.ts';

test('the C library is never asked, neither for names nor for the servers, over UDP and TCP', async () => {
  const asked: string[] = [];
  const hook = createHook({ init: (_id, type) => void asked.push(type) }).enable();
  for (const ip of ['127.0.0.1', '::1'] as const) {
    await using server = await startDnsServer(
      (query) => [{ message: reply(query, query.transport === 'udp' ? { truncated: true } : answering(query, [V4])) }],
      ip,
    );
    asked.length = 0; // the test's own server
    const resolver = createResolver({ servers: [server.endpoint] });
    assert.deepEqual(await ipsOf(resolver.resolve(name('a.example'))), [V4]);
    assert.ok(asked.includes('UDPWRAP') && asked.includes('TCPWRAP'), 'the hook sees our sockets');
    assert.ok(!asked.some((type) => type.startsWith('GETADDRINFO') || type === 'QUERYWRAP'));
  }
  await lookup('localhost');
  assert.ok(asked.includes('GETADDRINFOREQWRAP'), 'the hook would have seen it');
  hook.disable();
});
