/** Exactly the judged request leaves: nothing behind it, nothing that two readers could understand differently. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { noFlowLeft, talk, talkAll, telling } from '../support/clients/captured-pod.ts';
import { ask, get, HTTP_PORT, head, RAW_ADDRESSES, rawWorld, TCP_PORT } from '../support/clients/raw-origin.ts';
import { type Captured, meshMode } from '../support/lab/captured.ts';
import { waitFor } from '../support/lab/wait.ts';

let world: Captured;
before(async () => {
  world = await rawWorld();
});
after(() => world.lab.close());
const wire = (says: string, body: () => Promise<void>): void =>
  void test(
    says,
    telling(() => world, body),
  );

describe('nothing leaves but the judged request', () => {
  const second = 'GET /smuggled HTTP/1.1\r\nHost: other.test\r\n\r\n';
  const pipelined = [
    { says: 'in the same segment', steps: [{ send: get('/length') + second }, { until: 'end' }] },
    {
      says: 'after the answer',
      steps: [{ send: get('/length') }, { expect: 'length$' }, { send: second }, { until: 'end' }],
    },
    {
      says: 'behind a body',
      steps: [{ send: `${head('POST', '/mirror', 'Content-Length: 2')}hi${second}` }, { until: 'end' }],
    },
    {
      says: 'behind chunks',
      steps: [
        { send: `${head('POST', '/mirror', 'Transfer-Encoding: chunked')}2\r\nhi\r\n0\r\n\r\n${second}` },
        { until: 'end' },
      ],
    },
  ] as const;
  for (const { says, steps } of pipelined) {
    wire(`a second request to another host ${says} is refused behind the first answer`, async () => {
      const told = await talk(world.lab, { host: RAW_ADDRESSES[0], port: HTTP_PORT, steps });
      const [, refusal = ''] = told.received.split(/(?=HTTP\/1\.1 )/);
      assert.match(told.received, /^HTTP\/1\.1 200 OK\r\n/);
      assert.equal(told.received.match(/HTTP\/1\.1/g)?.length, 2, told.received);
      assert.match(refusal, /^HTTP\/1\.1 502 Bad Gateway\r\n.*x-weir-reason: not-listed\r\n/s);
      assert.equal(told.end, 'fin');
      const asked = world.lab.seen().flatMap(({ requests }) => requests.map(({ path }) => path));
      assert.ok(!asked.includes('/smuggled'), asked.join(' '));
      assert.deepEqual(world.lab.origin('other.test'), []);
      const [allowed, denied] = await told.lines(2);
      assert.deepEqual([allowed?.['verdict'], allowed?.['response_code']], ['allow', 200]);
      assert.deepEqual(
        [denied?.['verdict'], denied?.['reason'], denied?.['authority'], denied?.['upstream_host']],
        ['deny', 'not-listed', 'other.test', null],
      );
    });
  }

  const ambiguous = [
    {
      says: 'Content-Length and Transfer-Encoding',
      sent: head('POST', '/x', 'Content-Length: 5', 'Transfer-Encoding: chunked') + '0\r\n\r\n',
    },
    { says: 'two Content-Lengths', sent: head('POST', '/x', 'Content-Length: 5', 'Content-Length: 6') + 'hello' },
    { says: 'two Hosts', sent: get('/x', 'Host: other.test') },
    { says: 'a bare LF', sent: get('/x').replace('\r\nHost', '\nHost') },
    { says: 'a blank before the colon', sent: get('/x', 'X-A : b') },
    { says: 'a folded line', sent: get('/x', 'X-A: b', ' c') },
    { says: 'absolute-form with another Host', sent: get('http://other.test/x') },
    { says: 'no Host', sent: 'GET /x HTTP/1.1\r\n\r\n' },
    { says: 'a coding before chunked', sent: head('POST', '/x', 'Transfer-Encoding: gzip, chunked') + '0\r\n\r\n' },
  ];
  for (const [where, port] of [
    ['a listed port', HTTP_PORT],
    ['a port listed as TCP', TCP_PORT],
  ] as const) {
    describe(`on ${where}`, () => {
      wire('an ambiguous head is answered 400', async () => {
        const all = await talkAll(
          world.lab,
          ambiguous.map(({ sent }) => ({ host: RAW_ADDRESSES[0], port, steps: [{ send: sent }, { until: 'end' }] })),
        );
        for (const [at, told] of all.entries()) {
          const says = ambiguous[at]?.says ?? '';
          assert.match(
            told.received,
            /^HTTP\/1\.1 400 Bad Request\r\nserver: weir\r\n.*x-weir-reason: bad-request\r\n/s,
            says,
          );
          assert.equal(told.end, 'fin', says);
          const line = await told.line();
          assert.deepEqual([line['response_code'], line['reason']], [400, 'bad-request'], says);
        }
      });
      wire('a head of more than 64 KiB: 431', async () => {
        const told = await ask(
          world,
          get('/x', ...Array.from({ length: 20 }, (_, at) => `X-${at}: ${'a'.repeat(4_000)}`)),
          { port },
        );
        assert.match(
          told.received,
          /^HTTP\/1\.1 431 Request Header Fields Too Large\r\n.*x-weir-reason: head-too-large\r\n/s,
        );
      });
      wire('CONNECT to what is listed reaches the proxy, whose end is passed on', async () => {
        const told = await ask(world, head('CONNECT', `raw.test:${HTTP_PORT}`, 'X-Then: end'), { port });
        assert.match(told.received, /^HTTP\/1\.1 200 Connection established\r\nx-envoy[^\n]*\r\n\r\n$/);
        assert.equal(told.end, 'fin');
        const lines = await told.lines(2);
        assert.deepEqual(lines.map((line) => [line['method'], line['verdict'], line['reason']]).at(0), [
          'CONNECT',
          'allow',
          'granted',
        ]);
        assert.notEqual(lines[1]?.['verdict'], 'deny');
      });
      wire('CONNECT to what is not listed reaches nobody', async () => {
        const told = await ask(world, 'CONNECT other.test:443 HTTP/1.1\r\nHost: other.test:443\r\n\r\n', { port });
        assert.match(told.received, /^HTTP\/1\.1 502 Bad Gateway\r\n.*x-weir-reason: not-listed\r\n/s);
        const line = await told.line();
        assert.deepEqual([line['verdict'], line['authority']], ['deny', 'other.test:443']);
        const asked = world.lab.seen().flatMap(({ requests }) => requests.map(({ path }) => path));
        assert.ok(!asked.includes('other.test:443'), asked.join(' '));
      });
      wire('an Upgrade to anything but websocket: 403 where only names are listed', async () => {
        const told = await ask(world, get('/length', 'Upgrade: h2c', 'Connection: close, Upgrade'), { port });
        const refused = /^HTTP\/1\.1 403 Forbidden\r\n.*x-weir-reason: upgrade\r\n/s;
        assert.match(told.received, port === HTTP_PORT ? refused : /^HTTP\/1\.1 200 OK\r\n/);
        assert.equal((await told.line())['reason'], port === HTTP_PORT ? 'upgrade' : 'granted');
      });
    });
  }

  wire('no origin has seen any of them', async () => {
    const asked = world.lab.seen().flatMap(({ requests }) => requests.map(({ path }) => path));
    assert.deepEqual(
      asked.filter((path) => path.endsWith('/x')),
      [],
    );
  });
});

wire('a tunnel whose two ends leave at the same time ends, each time', async () => {
  const connect = head('CONNECT', `raw.test:${TCP_PORT}`).replace(String(HTTP_PORT), String(TCP_PORT));
  const steps = [{ send: connect }, { expect: '\r\n\r\n' }, { half: 'close' }, { until: 'end' }] as const;
  for (let times = 0; times < 10; times++) {
    const scripts = Array.from({ length: 20 }, () => ({ host: RAW_ADDRESSES[0], port: TCP_PORT, steps }));
    for (const told of await talkAll(world.lab, scripts)) assert.equal(told.end, 'fin');
  }
});

wire('what a flow says only after it was admitted and dialled stands on its access line', async () => {
  const told = await talk(world.lab, {
    host: RAW_ADDRESSES[0],
    port: TCP_PORT,
    steps: [{ waitMs: 200 }, { send: get('/length', 'Connection: close') }, { until: 'end' }],
  });
  assert.match(told.received, /^HTTP\/1\.1 200 OK\r\n/);
  const line = await told.line();
  assert.deepEqual(
    [line['method'], line['path'], line['response_code'], line['authority'], line['bytes_sent']],
    ['GET', '/length', 200, `raw.test:${HTTP_PORT}`, 6],
  );
});

wire('a refused request is counted by the body of its refusal', async () => {
  const told = await talk(world.lab, {
    host: RAW_ADDRESSES[0],
    port: HTTP_PORT,
    steps: [{ send: get('/x').replace('raw.test', 'other.test') }, { until: 'end' }],
  });
  const body = told.received.split('\r\n\r\n')[1] ?? '';
  const line = await told.line();
  assert.deepEqual([line['response_code'], line['bytes_sent']], [502, body.length]);
});

wire('under ALLOW_ANY a server that speaks first is heard at once', async () => {
  world.lab.writeConfig({ 'mesh.yaml': meshMode('ALLOW_ANY') });
  await waitFor('ALLOW_ANY is in force', () => world.agent.stderr().includes('mode ALLOW_ANY'), {
    told: world.agent.stderr,
  });
  for (const host of ['203.0.113.17', '2001:db8:ee::17']) {
    const told = await talk(world.lab, {
      host,
      port: 3306,
      steps: [{ expect: 'HELLO\n' }, { half: 'close' }, { until: 'end' }],
    });
    assert.ok(told.firstByteMs !== null && told.firstByteMs < 100, `heard after ${told.firstByteMs} ms`);
    const line = await told.line();
    assert.deepEqual(
      [line['reason'], line['upstream_cluster'], line['upstream_host']],
      ['allow-any', 'PassthroughCluster', line['downstream_local_address']],
    );
  }
});

wire('no flow is left', () => noFlowLeft(world.lab));
