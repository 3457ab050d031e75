import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createResolver } from '../../../../../agent/upstream/resolve/resolver.ts';
import { addressRecord, aliasRecord, reply, startDnsServer } from '../../../../support/dns-server.ts';
import { addresses, answering, both, ipsOf, name, RCODE, V4, V6, zone } from '../../../../support/dns-zone.ts';
import { until } from '../../../../support/until.ts';

test('a server that does not understand EDNS is asked without', async () => {
  await using server = await startDnsServer((query) => [
    { message: reply(query, query.edns ? { rcode: 1 } : answering(query, [V4])) },
  ]);
  const resolver = createResolver({ servers: [server.endpoint] });
  assert.deepEqual(await ipsOf(resolver.resolve(name('old.example'))), [V4]);
});

describe('aliases', () => {
  test('in one answer, and across answers', async () => {
    const www = [aliasRecord('www.example', 'cdn.example'), aliasRecord('cdn.example', 'edge.example')];
    const edge = [aliasRecord('edge.example', 'pop.example')];
    const server = await startDnsServer(
      zone({
        'www.example': { answers: www },
        'edge.example': { answers: [...edge, addressRecord('pop.example', V4)] },
      }),
    );
    await using _ = server;
    const resolver = createResolver({ servers: [server.endpoint] });
    assert.deepEqual(await resolver.resolve(name('www.example')), {
      kind: 'addresses',
      ips: [V4],
      cnames: ['cdn.example', 'edge.example', 'pop.example'],
    });
  });

  test('the shortest TTL of the chain counts', async () => {
    const answers = [aliasRecord('www.example', 'cdn.example', 5), addressRecord('cdn.example', V4, 300)];
    await using server = await startDnsServer(zone({ 'www.example': { answers } }));
    const clock = { at: 0 };
    const resolver = createResolver({ servers: [server.endpoint], now: () => clock.at });
    await resolver.resolve(name('www.example'));
    const asked = server.queries.length;
    clock.at = 4_999;
    assert.ok(!(resolver.resolve(name('www.example')) instanceof Promise));
    assert.equal(server.queries.length, asked);
    clock.at = 10_001; // beyond the TTL and as long again, during which it may be given while refreshing
    assert.ok(resolver.resolve(name('www.example')) instanceof Promise);
  });

  const loops: Record<string, (asked: string) => string> = {
    'to itself': (asked) => asked,
    'of two': (asked) => (asked === 'a.example' ? 'b.example' : 'a.example'),
    'without end': (asked) => `x${asked}`,
    'to what is no name': () => 'not a name.example',
  };
  for (const [says, next] of Object.entries(loops)) {
    test(`a chain ${says} ends as bad-answer, after few questions`, async () => {
      await using server = await startDnsServer((query) => [
        { message: reply(query, { answers: [aliasRecord(query.name, next(query.name))] }) },
      ]);
      const resolver = createResolver({ servers: [server.endpoint], tryMs: 500 });
      assert.deepEqual(await resolver.resolve(name('a.example')), { kind: 'none', because: 'bad-answer' });
      assert.ok(server.queries.length < 64, `${server.queries.length} questions`);
    });
  }
});

describe('servers', () => {
  for (const [says, rcode] of [
    ['SERVFAIL', RCODE.servfail],
    ['REFUSED', RCODE.refused],
  ] as const) {
    test(`${says}: the next one is asked`, async () => {
      await using bad = await startDnsServer((query) => [{ message: reply(query, { rcode }) }]);
      await using good = await startDnsServer(zone({ 'api.example': { answers: addresses('api.example', [V4]) } }));
      const resolver = createResolver({ servers: [bad.endpoint, good.endpoint] });
      assert.deepEqual(await ipsOf(resolver.resolve(name('api.example'))), [V4]);
    });
    test(`${says} everywhere is the reason given`, async () => {
      await using bad = await startDnsServer((query) => [{ message: reply(query, { rcode }) }]);
      const resolver = createResolver({ servers: [bad.endpoint] });
      const because = rcode === RCODE.servfail ? 'servfail' : 'refused';
      assert.deepEqual(await resolver.resolve(name('api.example')), { kind: 'none', because });
    });
  }

  test('a silent one is passed over, and asked last for a while', async () => {
    await using silent = await startDnsServer(() => []);
    await using good = await startDnsServer(zone({ 'a.example': both('a.example'), 'b.example': both('b.example') }));
    const clock = { at: 0 };
    const servers = [silent.endpoint, good.endpoint];
    const resolver = createResolver({ servers, now: () => clock.at, tryMs: 100 });
    assert.deepEqual(await ipsOf(resolver.resolve(name('a.example'))), [V6, V4]);
    assert.equal(silent.queries.length, 2);
    assert.deepEqual(await ipsOf(resolver.resolve(name('b.example'))), [V6, V4]);
    assert.equal(silent.queries.length, 2, 'not asked again');
    clock.at = 70_000;
    await resolver.resolve(name('a.example'));
    await until(() => silent.queries.length === 4);
  });

  test('nobody listens: unreachable, at once', async () => {
    const server = await startDnsServer(() => []);
    await server[Symbol.asyncDispose]();
    const resolver = createResolver({ servers: [server.endpoint] });
    const began = performance.now();
    assert.deepEqual(await resolver.resolve(name('a.example')), { kind: 'none', because: 'unreachable' });
    assert.ok(performance.now() - began < 1_000);
  });

  test('no answer ever: a time-out within the total', async () => {
    await using server = await startDnsServer(() => []);
    const resolver = createResolver({ servers: [server.endpoint], tryMs: 150, totalMs: 400 });
    const began = performance.now();
    assert.deepEqual(await resolver.resolve(name('a.example')), { kind: 'none', because: 'timeout' });
    assert.ok(performance.now() - began < 800);
    assert.equal(server.queries.length, 6, 'three tries a type');
  });

  test('without servers every name is unanswered', async () => {
    const resolver = createResolver({ servers: [] });
    assert.deepEqual(await resolver.resolve(name('a.example')), { kind: 'none', because: 'timeout' });
  });
});
