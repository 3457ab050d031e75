/** Requests after which the connection speaks something else: WebSocket passes, tunnels are judged, all else is refused. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { noFlowLeft, type Talk, type Talked, talk, tellingAnew } from '../support/clients/captured-pod.ts';
import { clientHello } from '../support/clients/client-hello.ts';
import { asked, gateWorld, ONE, PROXY_PORT, request, WEBSOCKET_PORT } from '../support/clients/gate-world.ts';
import { MESSAGE_BYTES, type WebSocketTold } from '../support/clients/websocket.ts';
import { answerPattern, misfit, refusalPattern } from '../support/corpus/patterns.ts';
import type { Captured } from '../support/lab/captured.ts';
import { outcomeText } from '../support/lab/run.ts';

let world: Captured;
before(async () => {
  world = await gateWorld();
});
after(() => world.lab.close());
const wire = (says: string, body: () => Promise<void>): void =>
  void test(
    says,
    tellingAnew(() => world, body),
  );
const converse = (port: number, steps: Talk['steps']): Promise<Talked> =>
  talk(world.lab, { host: ONE[0], port, steps });

const CLIENT = fileURLToPath(new URL('../support/clients/websocket.ts', import.meta.url));
const ESTABLISHED = 'HTTP/1.1 200 Connection established\r\n\r\n';

describe('WebSocket', () => {
  wire('a real client: every message comes back, the close is orderly, one line tells it all', async () => {
    const outcome = await world.lab.exec('pod', [process.execPath, CLIENT, `ws://one.test:${WEBSOCKET_PORT}/chat?a=b`]);
    assert.equal(outcome.code, 0, outcomeText(outcome));
    const told = JSON.parse(outcome.stdout) as WebSocketTold; // printed by websocket.ts alone
    assert.deepEqual(told, { equal: 2 * MESSAGE_BYTES.length, different: 0, code: 1000, reason: 'done' });
    const line = await world.lab.accessLine(({ path }) => path === '/chat?a=b');
    assert.deepEqual([line['response_code'], line['reason'], line['response_flags']], [101, 'granted', '-']);
    const sent = Number(line['bytes_received']);
    const payload = MESSAGE_BYTES.reduce((sum, bytes) => sum + 2 * (bytes >> 1) + bytes, 0);
    assert.ok(sent > payload && sent < payload + 16 * 2 * (MESSAGE_BYTES.length + 1), `${sent} bytes for ${payload}`);
    assert.equal(world.lab.origin('websocket').length, 1);
  });

  wire('on a connection that has carried a request before', async () => {
    const told = await converse(80, [
      { send: request('GET', 'one.test', '/length') },
      { expect: 'length$' },
      { send: request('GET', 'one.test', '/upgrade', 'Connection: Upgrade', 'Upgrade: websocket') },
      { expect: 'HTTP/1\\.1 101 .*\r\n\r\n$' },
      { send: 'GET / HTTP/1.1\r\nHost: other.test\r\n\r\n' },
      { expect: 'other\\.test\r\n\r\n$' },
      { half: 'close' },
      { until: 'end' },
    ]);
    assert.equal(told.end, 'fin');
    assert.deepEqual(asked(world, 'one').flat(), ['GET one.test /length', 'GET one.test /upgrade']);
  });

  wire('to a host that is not listed: 502, nobody is dialled', async () => {
    const fields = ['Connection: Upgrade', 'Upgrade: websocket'];
    const told = await converse(80, [{ send: request('GET', 'other.test', '/chat', ...fields) }, { until: 'end' }]);
    assert.equal(misfit(told.received, refusalPattern(502, 'not-listed')), undefined);
    assert.deepEqual(world.lab.seen(), []);
  });
});

describe('other protocols', () => {
  wire('curl offers h2c: 403 upgrade, the origin sees nothing', async () => {
    const outcome = await world.lab.curl('pod', '-sS', '-D', '-', '--http2', 'http://one.test/length');
    assert.match(outcome.stdout, /^HTTP\/1\.1 403 Forbidden\r\n.*x-weir-reason: upgrade\r\n/s, outcomeText(outcome));
    assert.deepEqual(world.lab.origin('one'), []);
    const line = await world.lab.accessLine(({ reason }) => reason === 'upgrade');
    assert.deepEqual([line['response_code'], line['path'], line['verdict']], [403, '/length', 'deny']);
  });

  wire('h2c behind an ordinary request: that is answered, then 403', async () => {
    const offer = request('GET', 'one.test', '/x', 'Connection: Upgrade', 'Upgrade: h2c');
    const told = await converse(80, [{ send: request('GET', 'one.test', '/echo/1') + offer }, { until: 'end' }]);
    const first = answerPattern('HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n/echo/1');
    assert.equal(misfit(told.received, [...first, ...refusalPattern(403, 'upgrade')]), undefined);
    assert.deepEqual(asked(world, 'one').flat(), ['GET one.test /echo/1']);
  });

  wire('HTTP/2 with prior knowledge: GOAWAY, http2-undecidable', async () => {
    const outcome = await world.lab.curl('pod', '-sS', '--http2-prior-knowledge', 'http://one.test/length');
    assert.notEqual(outcome.code, 0);
    assert.deepEqual(world.lab.origin('one'), []);
    const line = await world.lab.accessLine(({ reason }) => reason === 'http2-undecidable');
    assert.equal(line['verdict'], 'deny');
  });
});

describe('CONNECT is judged as this request, and as its target', () => {
  const connect = (target: string): string => request('CONNECT', target, target);

  wire('both are listed: the tunnel stands, and TLS for the name passes', async () => {
    const told = await converse(PROXY_PORT, [
      { send: connect('aliyun.com:443') },
      { expect: '\r\n\r\n$' },
      { send: clientHello('curl-7.88') },
      { expect: `established\r\n.*\r\n\r\n.{${clientHello('curl-7.88').length}}$` },
      { half: 'close' },
      { until: 'end' },
    ]);
    assert.equal(misfit(told.received, [...answerPattern(ESTABLISHED), clientHello('curl-7.88')]), undefined);
    assert.deepEqual(asked(world, 'proxy'), [['CONNECT aliyun.com:443 aliyun.com:443']]);
  });

  wire('another name inside: the alert of a refused TLS, and not one byte to the proxy', async () => {
    const told = await converse(PROXY_PORT, [
      { send: connect('aliyun.com:443') },
      { expect: '\r\n\r\n$' },
      { send: clientHello('node-24') }, // www.httpbin.org
      { until: 'end' },
    ]);
    assert.equal(misfit(told.received, [...answerPattern(ESTABLISHED), '\x15\x03\x03\0\x02\x02\x31']), undefined);
    const [seen] = world.lab.origin('proxy');
    assert.equal(seen?.firstBytes, connect('aliyun.com:443'));
    const lines = await told.lines(2);
    assert.deepEqual(
      lines.map((line) => [line['method'], line['requested_server_name'], line['verdict']]),
      [
        ['CONNECT', null, 'allow'],
        [null, 'www.httpbin.org', 'deny'],
      ],
    );
  });

  wire('HTTP inside is judged by request', async () => {
    const told = await converse(PROXY_PORT, [
      { send: connect('two.test:80') },
      { expect: '\r\n\r\n$' },
      { send: request('GET', 'two.test', '/inside') },
      // The proxy of these tests says back what it gets: no answer, and told as such.
      { until: 'end' },
    ]);
    assert.equal(
      misfit(told.received, [...answerPattern(ESTABLISHED), ...refusalPattern(502, 'bad-answer')]),
      undefined,
    );
    const refused = await converse(PROXY_PORT, [
      { send: connect('two.test:80') },
      { expect: '\r\n\r\n$' },
      { send: request('GET', 'other.test', '/inside') },
      { until: 'end' },
    ]);
    assert.equal(
      misfit(refused.received, [...answerPattern(ESTABLISHED), ...refusalPattern(502, 'not-listed')]),
      undefined,
    );
  });

  for (const [says, target] of [
    ['a target that nobody lists', 'other.test:443'],
    ['a listed name at another port', 'aliyun.com:22'],
    ['an address', '203.0.113.12:443'],
  ] as const) {
    wire(`${says}: 502, and the proxy sees nothing`, async () => {
      const told = await converse(PROXY_PORT, [{ send: connect(target) }, { until: 'end' }]);
      assert.equal(misfit(told.received, refusalPattern(502, 'not-listed')), undefined);
      // A port that is listed as TCP is dialled before the client has spoken; not one byte goes there.
      assert.deepEqual(
        world.lab.origin('proxy').map(({ firstBytes }) => firstBytes),
        [''],
      );
    });
  }

  wire('a refusal of the proxy is passed on, and the connection is HTTP still', async () => {
    const told = await converse(80, [
      { send: request('CONNECT', 'other.test:443', 'other.test:443') },
      { until: 'end' },
    ]);
    assert.match(told.received, /^HTTP\/1\.1 502 Bad Gateway\r\nserver: weir\r\n/);
    assert.deepEqual(world.lab.origin('one'), []);
  });
});

wire('no flow is left', () => noFlowLeft(world.lab));
