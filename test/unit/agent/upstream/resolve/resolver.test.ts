import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createResolver } from '../../../../../agent/upstream/resolve/resolver.ts';
import { reply, soaRecord, startDnsServer } from '../../../../support/dns-server.ts';
import { addresses, answering, both, ipsOf, name, RCODE, same, V4, V6, zone } from '../../../../support/dns-zone.ts';
import { until } from '../../../../support/until.ts';

test('both families, IPv6 first, then in turn', async () => {
  const records = ['203.0.113.1', '203.0.113.2', '203.0.113.3', '2001:db8::1', '2001:db8::2'];
  await using server = await startDnsServer(zone({ 'api.example': { answers: addresses('api.example', records) } }));
  const resolver = createResolver({ servers: [server.endpoint] });
  assert.deepEqual(await resolver.resolve(name('api.example')), {
    kind: 'addresses',
    ips: ['2001:db8::1', '203.0.113.1', '2001:db8::2', '203.0.113.2', '203.0.113.3'],
    cnames: [],
  });
  assert.deepEqual(server.queries.map((query) => [query.type, query.transport, query.edns].join(' ')).toSorted(), [
    'A udp true',
    'AAAA udp true',
  ]);
});

describe('absence', () => {
  test('NXDOMAIN is remembered for the SOA minimum', async () => {
    const content = { rcode: RCODE.nxdomain, authorities: [soaRecord('example', 300, 7)] };
    await using server = await startDnsServer(zone({ 'gone.example': content }));
    const clock = { at: 0 };
    const resolver = createResolver({ servers: [server.endpoint], now: () => clock.at });
    assert.deepEqual(await resolver.resolve(name('gone.example')), { kind: 'none', because: 'nxdomain' });
    clock.at = 6_999;
    assert.deepEqual(resolver.resolve(name('gone.example')), { kind: 'none', because: 'nxdomain' });
    assert.equal(server.queries.length, 2);
    clock.at = 7_000;
    await resolver.resolve(name('gone.example'));
    assert.equal(server.queries.length, 4);
  });

  test('a name without addresses is no-data', async () => {
    await using server = await startDnsServer(zone({ 'empty.example': { authorities: [soaRecord('example', 9, 9)] } }));
    const resolver = createResolver({ servers: [server.endpoint] });
    assert.deepEqual(await resolver.resolve(name('empty.example')), { kind: 'none', because: 'no-data' });
  });

  test('a long SOA minimum is cut to the ceiling', async () => {
    const content = { rcode: RCODE.nxdomain, authorities: [soaRecord('example', 86_400, 86_400)] };
    await using server = await startDnsServer(zone({ 'gone.example': content }));
    const clock = { at: 0 };
    const resolver = createResolver({ servers: [server.endpoint], now: () => clock.at });
    await resolver.resolve(name('gone.example'));
    clock.at = 60_000;
    assert.ok(resolver.resolve(name('gone.example')) instanceof Promise);
  });

  test('localhost is never asked of a server', async () => {
    await using server = await startDnsServer(zone({}));
    const resolver = createResolver({ servers: [server.endpoint] });
    for (const local of ['localhost', 'a.localhost']) {
      assert.deepEqual(resolver.resolve(name(local)), { kind: 'none', because: 'nxdomain' });
    }
    assert.equal(server.queries.length, 0);
  });
});

describe('the cache', () => {
  test('many callers, one question in flight for a name', async () => {
    await using server = await startDnsServer(zone({ 'a.example': both('a.example') }));
    const resolver = createResolver({ servers: [server.endpoint] });
    const all = await Promise.all(Array.from({ length: 50 }, () => ipsOf(resolver.resolve(name('a.example')))));
    assert.ok(all.every((ips) => ips.length === 2));
    assert.equal(server.queries.length, 2);
  });

  test('a fresh answer comes at once', async () => {
    await using server = await startDnsServer(zone({ 'a.example': both('a.example') }));
    const resolver = createResolver({ servers: [server.endpoint], now: () => 0 });
    await resolver.resolve(name('a.example'));
    assert.deepEqual(resolver.resolve(name('a.example')), { kind: 'addresses', ips: [V6, V4], cnames: [] });
  });

  const lives = [
    { says: 'a TTL of 0 lives for the floor', ttl: 0, fresh: 999, over: 1_000 },
    { says: 'a TTL of a week lives for the ceiling', ttl: 604_800, fresh: 3_599_999, over: 3_630_000 },
    { says: 'a TTL with its top bit set is 0', ttl: 0x8000_0000, fresh: 999, over: 1_000 },
  ];
  for (const { says, ttl, fresh, over } of lives) {
    test(says, async () => {
      const answers = addresses('a.example', [V4, V6], ttl);
      await using server = await startDnsServer(zone({ 'a.example': { answers } }));
      const clock = { at: 0 };
      const resolver = createResolver({ servers: [server.endpoint], now: () => clock.at });
      await resolver.resolve(name('a.example'));
      clock.at = fresh;
      assert.ok(!(resolver.resolve(name('a.example')) instanceof Promise));
      assert.equal(server.queries.length, 2);
      clock.at = over;
      assert.ok(resolver.resolve(name('a.example')) instanceof Promise);
    });
  }

  test('an ended answer is given once more while it is refreshed', async () => {
    const ips = [V4];
    await using server = await startDnsServer((query) => [{ message: reply(query, answering(query, ips, 20)) }]);
    const clock = { at: 0 };
    const resolver = createResolver({ servers: [server.endpoint], now: () => clock.at });
    await resolver.resolve(name('a.example'));
    ips[0] = '203.0.113.99';
    clock.at = 20_001;
    assert.deepEqual(await ipsOf(resolver.resolve(name('a.example'))), [V4]);
    await until(() => !same(resolver.resolve(name('a.example')), [V4]));
    assert.deepEqual(await ipsOf(resolver.resolve(name('a.example'))), ['203.0.113.99']);
  });

  test('an old answer stands in when the servers fail, for a while', async () => {
    const state = { failing: false };
    await using server = await startDnsServer((query) => [
      { message: reply(query, state.failing ? { rcode: RCODE.servfail } : answering(query, [V4], 20)) },
    ]);
    const clock = { at: 0 };
    const resolver = createResolver({ servers: [server.endpoint], now: () => clock.at });
    await resolver.resolve(name('a.example'));
    state.failing = true;
    clock.at = 600_000;
    assert.deepEqual(await ipsOf(resolver.resolve(name('a.example'))), [V4]);
    clock.at = 3_700_000;
    assert.deepEqual(await resolver.resolve(name('a.example')), { kind: 'none', because: 'servfail' });
  });

  test('an old answer does not stand in for a name that is gone', async () => {
    const state = { gone: false };
    await using server = await startDnsServer((query) => [
      { message: reply(query, state.gone ? { rcode: RCODE.nxdomain } : answering(query, [V4], 20)) },
    ]);
    const clock = { at: 0 };
    const resolver = createResolver({ servers: [server.endpoint], now: () => clock.at });
    await resolver.resolve(name('a.example'));
    state.gone = true;
    clock.at = 600_000;
    assert.deepEqual(await resolver.resolve(name('a.example')), { kind: 'none', because: 'nxdomain' });
  });

  test('holds no more names than its capacity', async () => {
    await using server = await startDnsServer((query) => [{ message: reply(query, answering(query, [V4, V6])) }]);
    const resolver = createResolver({ servers: [server.endpoint], capacity: 2, now: () => 0 });
    for (const each of ['a.example', 'b.example', 'c.example']) await resolver.resolve(name(each));
    assert.ok(!(resolver.resolve(name('b.example')) instanceof Promise));
    assert.ok(resolver.resolve(name('a.example')) instanceof Promise);
  });
});

describe('one family only', () => {
  test('a family that is not answered holds nobody up', async () => {
    await using server = await startDnsServer((query) =>
      query.type === 'A' ? [{ message: reply(query, answering(query, [V4])) }] : [],
    );
    const results: string[] = [];
    const observe = (result: string): void => void results.push(result);
    const resolver = createResolver({ servers: [server.endpoint], tryMs: 400, totalMs: 800, observe });
    const began = performance.now();
    assert.deepEqual(await ipsOf(resolver.resolve(name('a.example'))), [V4]);
    assert.ok(performance.now() - began < 300);
    await until(() => results.length === 2);
    assert.deepEqual(results, ['addresses', 'timeout']);
    assert.deepEqual(await ipsOf(resolver.resolve(name('a.example'))), [V4]);
  });

  test('a family that is late is there for the next caller', async () => {
    await using server = await startDnsServer((query) => [
      { message: reply(query, answering(query, [V4, V6])), ...(query.type === 'AAAA' ? { delayMs: 150 } : {}) },
    ]);
    const resolver = createResolver({ servers: [server.endpoint] });
    assert.deepEqual(await ipsOf(resolver.resolve(name('a.example'))), [V4]);
    await until(() => same(resolver.resolve(name('a.example')), [V6, V4]));
  });

  test('no-data for one and a failure for the other is a failure, not an absence', async () => {
    await using server = await startDnsServer((query) => [
      {
        message: reply(
          query,
          query.type === 'A' ? { rcode: RCODE.servfail } : { authorities: [soaRecord('e', 60, 60)] },
        ),
      },
    ]);
    const resolver = createResolver({ servers: [server.endpoint] });
    assert.deepEqual(await resolver.resolve(name('a.example')), { kind: 'none', because: 'servfail' });
  });
});

test('too many names at once: the surplus is told so, the others are answered', async () => {
  await using server = await startDnsServer((query) => [{ message: reply(query, answering(query, [V4, V6])) }]);
  const resolver = createResolver({ servers: [server.endpoint], maxInFlight: 2 });
  const all = await Promise.all(
    ['a.example', 'b.example', 'c.example'].map(async (each) => resolver.resolve(name(each))),
  );
  assert.deepEqual(
    all.map((each) => (each.kind === 'none' ? each.because : each.kind)),
    ['addresses', 'addresses', 'overloaded'],
  );
});

test('one asker cannot use up the names under way', async () => {
  await using server = await startDnsServer((query) =>
    query.name.startsWith('slow') ? [] : [{ message: reply(query, answering(query, [V4, V6])) }],
  );
  const resolver = createResolver({ servers: [server.endpoint], maxInFlightOfOne: 2 });
  const [greedy, other] = ['greedy', 'other'];
  const waiting = ['slow1.example', 'slow2.example'].map(async (each) => resolver.resolve(name(each), greedy));
  assert.deepEqual(await resolver.resolve(name('a.example'), greedy), { kind: 'none', because: 'overloaded' });
  assert.deepEqual(await ipsOf(resolver.resolve(name('a.example'), other)), [V6, V4]);
  assert.deepEqual(await ipsOf(resolver.resolve(name('a.example'), greedy)), [V6, V4], 'what is known costs nothing');
  resolver.close();
  await Promise.all(waiting);
});

test('close ends what is under way', async () => {
  await using server = await startDnsServer(() => []);
  const resolver = createResolver({ servers: [server.endpoint] });
  const began = performance.now();
  const asked = resolver.resolve(name('a.example'));
  await until(() => server.queries.length === 2);
  resolver.close();
  assert.deepEqual(await asked, { kind: 'none', because: 'closed' });
  assert.ok(performance.now() - began < 1_000);
  assert.deepEqual(resolver.resolve(name('a.example')), { kind: 'none', because: 'closed' });
});
