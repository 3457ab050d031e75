import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createResolver } from '../../../../../agent/upstream/resolve/resolver.ts';
import {
  type Answering,
  addressRecord,
  type Content,
  type Query,
  reply,
  startDnsServer,
} from '../../../../support/dns-server.ts';
import { addresses, answering, ipsOf, name, V4, V6, zone } from '../../../../support/dns-zone.ts';

test('servers are reached over IPv6 too', async () => {
  await using server = await startDnsServer(
    zone({ 'api.example': { answers: addresses('api.example', [V4]) } }),
    '::1',
  );
  const resolver = createResolver({ servers: [server.endpoint] });
  assert.deepEqual(await ipsOf(resolver.resolve(name('api.example'))), [V4]);
});

describe('answers that are no answers to the question are as if they had never arrived', () => {
  const wrong: Record<string, (query: Query) => Answering> = {
    'another id': (query) => forged(query, { id: (query.id + 1) & 0xffff }),
    'another name': (query) => forged(query, { questions: [{ name: 'other.example', type: 'A', class: 'IN' }] }),
    'another type': (query) => forged(query, { questions: [{ name: query.name, type: 'TXT', class: 'IN' }] }),
    'another class': (query) => forged(query, { questions: [{ name: query.name, type: 'A', class: 'CH' }] }),
    'no question': (query) => forged(query, { questions: [] }),
    'a query': (query) => forged(query, { type: 'query' }),
    'another source port': (query) => ({ ...forged(query, {}), fromElsewhere: true }),
    'cut in the middle': (query) => ({ message: forged(query, {}).message.subarray(0, -3) }),
    'no DNS': () => ({ message: Buffer.from('HTTP/1.1 200 OK\r\n\r\n') }),
    nothing: () => ({ message: Buffer.alloc(0) }),
  };
  for (const [says, forge] of Object.entries(wrong)) {
    test(says, async () => {
      await using server = await startDnsServer((query) =>
        query.type === 'A' ? [forge(query), right(query)] : [{ message: reply(query, {}) }],
      );
      const resolver = createResolver({ servers: [server.endpoint] });
      assert.deepEqual(await ipsOf(resolver.resolve(name('api.example'))), [V4]);
    });
  }

  function forged(query: Query, forge: NonNullable<Content['forge']>): Answering {
    return { message: reply(query, { answers: [addressRecord(query.name, '198.18.66.66')], forge }) };
  }
  function right(query: Query): Answering {
    return { message: reply(query, { answers: [addressRecord(query.name, V4)] }) };
  }
});

test('records of other names in the answer are not taken', async () => {
  const answers = [addressRecord('evil.example', '198.18.66.66'), addressRecord('api.example', V4)];
  await using server = await startDnsServer(zone({ 'api.example': { answers } }));
  const resolver = createResolver({ servers: [server.endpoint] });
  assert.deepEqual(await ipsOf(resolver.resolve(name('api.example'))), [V4]);
});

test('a truncated answer is asked for again over TCP', async () => {
  const many = Array.from({ length: 200 }, (_, at) => `198.18.1.${at}`);
  await using server = await startDnsServer((query) => [
    { message: reply(query, query.transport === 'udp' ? { truncated: true } : answering(query, many)) },
  ]);
  const resolver = createResolver({ servers: [server.endpoint] });
  assert.deepEqual(await ipsOf(resolver.resolve(name('big.example'))), many);
  assert.deepEqual(server.queries.map((query) => query.transport).toSorted(), ['tcp', 'tcp', 'udp', 'udp']);
});

describe('over TCP', () => {
  const faults: Record<string, (query: Query) => readonly Answering[]> = {
    'truncated again': (query) => [{ message: reply(query, { truncated: true }) }],
    'an answer with another id': (query) => [{ message: reply(query, { forge: { id: (query.id + 1) & 0xffff } }) }],
    'no DNS': () => [{ message: Buffer.from('HTTP/1.1 400 Bad Request') }],
  };
  for (const [says, answer] of Object.entries(faults)) {
    test(`${says}: the next server is asked`, async () => {
      await using bad = await startDnsServer((query) =>
        query.transport === 'tcp' ? answer(query) : [{ message: reply(query, { truncated: true }) }],
      );
      await using good = await startDnsServer((query) => [{ message: reply(query, answering(query, [V4])) }]);
      const resolver = createResolver({ servers: [bad.endpoint, good.endpoint] });
      assert.deepEqual(await ipsOf(resolver.resolve(name('big.example'))), [V4]);
      assert.equal(bad.queries.filter((query) => query.transport === 'tcp').length, 2);
    });
  }

  test('silence counts towards the same time-out', async () => {
    await using server = await startDnsServer((query) =>
      query.transport === 'tcp' ? [] : [{ message: reply(query, { truncated: true }) }],
    );
    const resolver = createResolver({ servers: [server.endpoint], tryMs: 200, totalMs: 200 });
    const began = performance.now();
    assert.deepEqual(await resolver.resolve(name('big.example')), { kind: 'none', because: 'timeout' });
    assert.ok(performance.now() - began < 600);
  });
});

test('ids and source ports differ from query to query', async () => {
  await using server = await startDnsServer((query) => [{ message: reply(query, answering(query, [V4, V6])) }]);
  const resolver = createResolver({ servers: [server.endpoint] });
  await Promise.all(Array.from({ length: 40 }, async (_, at) => resolver.resolve(name(`n${at}.example`))));
  assert.ok(new Set(server.queries.map((query) => query.id)).size > 70, 'ids');
  assert.ok(new Set(server.queries.map((query) => query.fromPort)).size > 70, 'ports');
});
