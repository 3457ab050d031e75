/** Bytes that are no HTTP, through the running agent: hellos in every shape, servers that speak first, half-closed flows. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { noFlowLeft, talk, telling } from '../support/clients/captured-pod.ts';
import { clientHello } from '../support/clients/client-hello.ts';
import { type Captured, capturedLab, meshMode, serviceEntry } from '../support/lab/captured.ts';
import { waitFor } from '../support/lab/wait.ts';

/** Addresses of `ext` on which the ports of these tests stand. */
const OUTSIDE = ['203.0.113.19', '2001:db8:ee::19'] as const;
const TLS_PORT = 8443;
const EITHER_PORT = 8444;
const FIRST_BYTE_S = 3;
const SNIFF_MS = 300;

let world: Captured;
before(async () => {
  world = await capturedLab({
    names: { 'hello.test': OUTSIDE },
    args: ['--first-byte-timeout', String(FIRST_BYTE_S)],
    config: {
      'mesh.yaml': meshMode('REGISTRY_ONLY'),
      'tls.yaml': serviceEntry({
        hosts: ['aliyun.com'],
        ports: [[TLS_PORT, 'TLS']],
        resolution: 'STATIC',
        endpoints: [OUTSIDE[0]],
      }),
      'db.yaml': serviceEntry({ hosts: ['db.test'], ports: [[3306, 'TCP']] }),
      'half.yaml': serviceEntry({ hosts: ['half.test'], ports: [[7007, 'TCP']] }),
      'either-http.yaml': serviceEntry({ name: 'either-http', hosts: ['other.test'], ports: [[EITHER_PORT, 'HTTP']] }),
      'either-tcp.yaml': serviceEntry({ name: 'either-tcp', hosts: ['hello.test'], ports: [[EITHER_PORT, 'TCP']] }),
    },
  });
  await world.lab.addOrigins('ext', [
    { key: 'tls-echo', names: [], addresses: OUTSIDE, services: [{ port: TLS_PORT, kind: 'echo' }] },
    { key: 'either', names: [], addresses: OUTSIDE, services: [{ port: EITHER_PORT, kind: 'greeting' }] },
  ]);
});
after(() => world.lab.close());
const wire = (says: string, body: () => Promise<void>): void =>
  void test(
    says,
    telling(() => world, body),
  );

const ALERT = '\x15\x03\x03\x00\x02\x02\x31';

/** The same hello with a padding extension (RFC 7685), in records of 4 kB: about `bytes` long in all. */
function padded(text: string, bytes: number): string {
  const captured = Buffer.from(text, 'latin1');
  const message = captured.subarray(5);
  const padding = Buffer.alloc(bytes);
  padding.writeUInt16BE(21, 0);
  padding.writeUInt16BE(bytes - 4, 2);
  const whole = Buffer.concat([message, padding]);
  whole.writeUIntBE(whole.length - 4, 1, 3);
  const at = extensionsAt(message);
  whole.writeUInt16BE(message.readUInt16BE(at) + bytes, at);
  return inRecords(whole, 4_096);
}

/** RFC 8446 §4.1.2: header 4, version 2, random 32, then session, ciphers and compressions, each with its length. */
function extensionsAt(message: Buffer): number {
  let at = 38;
  at += 1 + message.readUInt8(at);
  at += 2 + message.readUInt16BE(at);
  return at + 1 + message.readUInt8(at);
}

function inRecords(message: Buffer, size: number): string {
  const records: Buffer[] = [];
  for (let at = 0; at < message.length; at += size) {
    const part = message.subarray(at, at + size);
    records.push(Buffer.from([22, 3, 1, part.length >> 8, part.length & 0xff]), part);
  }
  return Buffer.concat(records).toString('latin1');
}

const whole = clientHello('curl-7.88');
const large = padded(clientHello('openssl-3.0-alpn'), 15_500);

describe('TLS to a listed port', { concurrency: 4 }, () => {
  const passing = [
    { says: 'a hello in one segment', hello: whole, steps: [{ send: whole }] },
    { says: 'a hello after two seconds of silence', hello: whole, steps: [{ waitMs: 2_000 }, { send: whole }] },
    { says: 'a hello in segments of one byte', hello: whole, steps: [{ send: whole, pieces: 1 }] },
    {
      says: 'a hello cut in the middle, the rest a second later',
      hello: whole,
      steps: [{ send: whole.slice(0, 100) }, { waitMs: 1_000 }, { send: whole.slice(100) }],
    },
    { says: 'a hello of 15 kB in several records', hello: large, steps: [{ send: large }] },
    {
      says: 'a hello whose name ends in a dot',
      hello: clientHello('openssl-3.0-trailing-dot'),
      steps: [{ send: clientHello('openssl-3.0-trailing-dot') }],
    },
  ];
  for (const { says, steps, hello: sent } of passing) {
    for (const host of OUTSIDE) {
      wire(`${says} arrives byte for byte (${host})`, async () => {
        const told = await talk(world.lab, {
          host,
          port: TLS_PORT,
          steps: [...steps, { half: 'close' }, { until: 'end' }],
        });
        assert.equal(told.received.length, sent.length, `an echo of ${sent.length} bytes; ended by ${told.end}`);
        assert.equal(told.received, sent);
        assert.equal(told.end, 'fin');
        const line = await told.line();
        assert.deepEqual(
          [line['verdict'], line['reason'], line['requested_server_name'], line['bytes_received'], line['bytes_sent']],
          ['allow', 'granted', 'aliyun.com', sent.length, sent.length],
        );
      });
    }
  }

  const refused = [
    { says: 'a hello without a name', send: clientHello('openssl-3.0-no-sni'), reason: 'not-listed' },
    { says: 'a hello of another name', send: clientHello('node-24'), reason: 'not-listed' },
    {
      says: 'a hello of 20 kB, more than is looked at,',
      send: padded(clientHello('openssl-3.0-alpn'), 20_000),
      reason: 'not-listed',
    },
    { says: 'an SSL 2.0 hello', send: '\x80\x2e\x01\x03\x01\x00\x15\x00\x00\x00\x10', reason: 'not-listed' },
  ];
  for (const { says, send, reason } of refused) {
    for (const host of OUTSIDE) {
      wire(`${says} is answered with the alert access_denied (${host})`, async () => {
        const told = await talk(world.lab, { host, port: TLS_PORT, steps: [{ send }, { until: 'end' }] });
        assert.deepEqual([told.received, told.end], [ALERT, 'fin']);
        const line = await told.line();
        assert.deepEqual([line['verdict'], line['reason'], line['upstream_host']], ['deny', reason, null]);
      });
    }
  }

  for (const { says, steps } of [
    { says: 'a hello cut in the middle, then silence', steps: [{ send: whole.slice(0, 100) }] },
    { says: 'a client that says nothing', steps: [] },
  ]) {
    wire(`${says}: reset after --first-byte-timeout, no-first-byte`, async () => {
      const told = await talk(world.lab, { host: OUTSIDE[0], port: TLS_PORT, steps: [...steps, { until: 'end' }] });
      assert.deepEqual([told.received, told.end], ['', 'ECONNRESET']);
      const ms = told.endMs ?? 0;
      assert.ok(ms >= FIRST_BYTE_S * 1_000 && ms < FIRST_BYTE_S * 1_000 + 1_500, `reset after ${ms} ms`);
      const line = await told.line();
      assert.deepEqual([line['verdict'], line['reason'], line['response_flags']], ['deny', 'no-first-byte', 'DT']);
    });
  }

  test('nothing of a refused hello reached the origin', () => {
    const strangers = world.lab.origin('tls-echo').filter(({ firstBytes }) => !firstBytes.startsWith('\x16\x03\x01'));
    assert.deepEqual(strangers, []);
  });
});

describe('servers that speak first', () => {
  for (const host of ['203.0.113.17', '2001:db8:ee::17']) {
    wire(`D14: db.test, listed as TCP, is heard at once and echoes (${host})`, async () => {
      const steps = [
        { expect: 'HELLO\n' },
        { send: 'ping\n' },
        { expect: 'ping\n' },
        { half: 'close' },
        { until: 'end' },
      ] as const;
      const told = await talk(world.lab, { host, port: 3306, steps });
      assert.deepEqual([told.received, told.end], ['HELLO\nping\n', 'fin']);
      assert.ok(
        (told.firstByteMs ?? 9_999) < SNIFF_MS / 2,
        `heard after ${told.firstByteMs} ms, well before the sniff deadline`,
      );
      const line = await told.line();
      assert.deepEqual([line['verdict'], line['upstream_cluster']], ['allow', 'outbound|3306||db.test']);
    });

    wire(`with both a TCP and an HTTP rule on the port, after the sniff deadline (${host})`, async () => {
      const told = await talk(world.lab, {
        host: host.replace('17', '19'),
        port: EITHER_PORT,
        steps: [{ expect: 'HELLO\n' }, { send: 'ping\n' }, { expect: 'ping\n' }, { half: 'close' }, { until: 'end' }],
      });
      assert.deepEqual([told.received, told.end], ['HELLO\nping\n', 'fin']);
      const ms = told.firstByteMs ?? 0;
      assert.ok(ms >= SNIFF_MS && ms < 900, `heard after ${ms} ms; the sniff deadline is ${SNIFF_MS}`);
    });
  }
});

wire('what a client begins to say on a TCP port is not kept from its server, though it could become HTTP', async () => {
  const steps = [{ expect: 'HELLO\n' }, { send: 'GE' }, { expect: 'GE' }, { half: 'close' }, { until: 'end' }] as const;
  const told = await talk(world.lab, { host: '203.0.113.17', port: 3306, steps });
  assert.deepEqual([told.received, told.end, told.stuckAt], ['HELLO\nGE', 'fin', null]);
});

describe('half-closed flows through a TCP grant', () => {
  for (const host of ['203.0.113.20', '2001:db8:ee::20']) {
    wire(`the client's end passes, the answer comes after it (${host})`, async () => {
      const steps = [{ send: '12345' }, { waitMs: 100 }, { half: 'close' }, { until: 'end' }] as const;
      const told = await talk(world.lab, { host, port: 7007, steps });
      assert.deepEqual([told.received, told.end], ['got 5 bytes\n', 'fin']);
      const line = await told.line();
      assert.deepEqual([line['bytes_received'], line['bytes_sent'], line['response_flags']], [5, 12, '-']);
    });
  }

  wire("the server's end passes, the client can still speak", async () => {
    await world.lab.addOrigins('ext', [
      { key: 'ends-first', names: [], addresses: ['203.0.113.17'], services: [{ port: 3307, kind: 'ends-first' }] },
    ]);
    world.lab.writeConfig({
      'first.yaml': serviceEntry({ name: 'first', hosts: ['db.test'], ports: [[3307, 'TCP']] }),
    });
    const steps = [
      { until: 'end' },
      { waitMs: 100 },
      { send: 'after the end' },
      { half: 'close' },
      { waitMs: 200 },
    ] as const;
    const told = await waitFor('the resource is in force', async () => {
      const each = await talk(world.lab, { host: '203.0.113.17', port: 3307, steps });
      return each.end === 'fin' && each;
    });
    assert.equal(told.received, 'BYE\n');
    const seen = await waitFor('the end', () => world.lab.origin('ends-first').find(({ end }) => end !== 'open'));
    assert.deepEqual([seen.firstBytes, seen.received, seen.end], ['after the end', 13, 'fin']);
  });
});

describe('a reset is passed on', () => {
  wire('the client resets in mid-stream: the origin sees a reset; DC is a flag of HTTP alone', async () => {
    const steps = [{ expect: 'HELLO\n' }, { send: 'mid-stream' }, { expect: 'mid-stream' }, { reset: true }] as const;
    const told = await talk(world.lab, { host: '203.0.113.17', port: 3306, steps });
    const seen = await waitFor('the end', () =>
      world.lab.origin('db.test').find(({ firstBytes, end }) => firstBytes === 'mid-stream' && end !== 'open'),
    );
    assert.equal(seen.end, 'reset');
    const line = await told.line();
    assert.deepEqual([line['verdict'], line['response_flags']], ['allow', '-']);
  });
});

wire('each client finds its line, though the kernel has two ports to give and conntrack remembers both', async () => {
  await world.lab.exec('pod', ['sysctl', '-w', 'net.ipv4.ip_local_port_range=40000 40001']);
  for (let turn = 0; turn < 4; turn++) {
    for (const [host, port] of [
      ['203.0.113.17', 3306],
      ['203.0.113.19', EITHER_PORT],
    ] as const) {
      const told = await talk(world.lab, {
        host,
        port,
        steps: [{ expect: 'HELLO\n' }, { half: 'close' }, { until: 'end' }],
      });
      const line = await told.line();
      assert.equal(line['downstream_local_address'], `${host}:${port}`);
    }
  }
});

wire('no flow is left', () => noFlowLeft(world.lab));
