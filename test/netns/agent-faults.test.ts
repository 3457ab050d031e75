/** Origins that are not there, do not answer or break off; clients that leave; dials of the listener itself. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { noFlowLeft, talk, telling } from '../support/clients/captured-pod.ts';
import { get, HTTP_PORT, RAW_ADDRESSES, rawWorld } from '../support/clients/raw-origin.ts';
import { type Captured, serviceEntry } from '../support/lab/captured.ts';
import { must, outcomeText } from '../support/lab/run.ts';
import { waitFor } from '../support/lab/wait.ts';

/** Held by `ext`, which drops every packet to them. */
const SILENT = { v4: '203.0.113.60', v6: '2001:db8:ee::60' } as const;
const [LIVE4, LIVE6] = RAW_ADDRESSES;
/** Nobody listens there. */
const CLOSED_PORT = 81;
const CLOSED_TLS_PORT = 444;

let world: Captured;
before(async () => {
  world = await rawWorld();
  const { lab } = world;
  for (const [tables, address] of [
    ['iptables', SILENT.v4],
    ['ip6tables', SILENT.v6],
  ] as const) {
    const held = address.includes(':') ? [`${address}/64`, 'nodad'] : [`${address}/24`];
    await must(['ip', '-n', lab.netns('ext'), 'addr', 'add', ...held, 'dev', 'eth0']);
    await must(['ip', 'netns', 'exec', lab.netns('ext'), tables, '-A', 'INPUT', '-d', address, '-j', 'DROP']);
  }
  await lab.setNames({
    'raw.test': RAW_ADDRESSES,
    'silent.test': [SILENT.v4],
    'half4.test': [SILENT.v4, LIVE4],
    'half6.test': [SILENT.v6, LIVE6],
  });
  const hosts = ['other.test', 'silent.test', 'half4.test', 'half6.test', 'nowhere.test'];
  lab.writeConfig({
    'web.yaml': serviceEntry({
      name: 'web',
      hosts,
      ports: [
        [80, 'HTTP'],
        [CLOSED_PORT, 'HTTP'],
        [CLOSED_TLS_PORT, 'HTTPS'],
      ],
    }),
  });
  await waitFor('the resources are in force', () => world.agent.stderr().includes('registry 2'), {
    told: world.agent.stderr,
  });
});
after(() => world.lab.close());
const wire = (says: string, body: () => Promise<void>): void =>
  void test(
    says,
    telling(() => world, body),
  );

/** The access line of the request to this authority. */
function lineOf(authority: string, limitMs?: number) {
  return world.lab.accessLine((line) => line['authority'] === authority, limitMs);
}

describe('an origin that cannot be reached', { concurrency: 4 }, () => {
  for (const family of ['-4', '-6']) {
    wire(`refuses: 503 UF dial-refused (${family})`, async () => {
      const got = await world.lab.curl('pod', family, '-sSi', `http://other.test:${CLOSED_PORT}/`);
      assert.match(
        got.stdout,
        /^HTTP\/1\.1 503 Service Unavailable\r\n.*x-weir-reason: dial-refused\r\n/s,
        outcomeText(got),
      );
      const line = await lineOf(`other.test:${CLOSED_PORT}`);
      assert.deepEqual(
        [line['response_code'], line['response_flags'], line['reason'], line['verdict'], line['upstream_cluster']],
        [503, 'UF', 'dial-refused', 'allow', `outbound|${CLOSED_PORT}||other.test`],
      );
    });

    wire(`refuses TLS: the connection ends without an alert (${family})`, async () => {
      const got = await world.lab.curl('pod', family, '-sS', `https://other.test:${CLOSED_TLS_PORT}/`);
      assert.equal(got.code, 35, outcomeText(got));
      assert.match(got.stderr, /reset by peer|SSL_ERROR_SYSCALL/i);
      const line = await world.lab.accessLine((each) => each['requested_server_name'] === 'other.test');
      assert.deepEqual([line['response_flags'], line['reason'], line['response_code']], ['UF', 'dial-refused', 0]);
    });

    wire(`has two addresses, the first dead: the other answers in less than 2 s (${family})`, async () => {
      const name = family === '-4' ? 'half4.test' : 'half6.test';
      const times = ['-w', '%{http_code} %{time_total}', '-o', '/dev/null'];
      const got = await world.lab.curl('pod', '-sS', ...times, '--resolve', `${name}:80:${LIVE4}`, `http://${name}/`);
      const [status, seconds] = got.stdout.split(' ').map(Number);
      assert.ok(status === 200 && seconds !== undefined && seconds < 2, outcomeText(got));
    });
  }

  wire('has no address: 503 UH resolve-failed', async () => {
    const got = await world.lab.curl('pod', '-sSi', '--resolve', `nowhere.test:80:${LIVE4}`, 'http://nowhere.test/');
    assert.match(got.stdout, /^HTTP\/1\.1 503 .*x-weir-reason: resolve-failed\r\n/s, outcomeText(got));
    const line = await lineOf('nowhere.test');
    assert.deepEqual([line['response_flags'], line['reason'], line['upstream_host']], ['UH', 'resolve-failed', null]);
  });

  wire('is silent: 503 UF dial-timeout after 10 s', async () => {
    const got = await world.lab.curl(
      'pod',
      '-sS',
      '-w',
      '%{http_code} %{time_total}',
      '-o',
      '/dev/null',
      'http://silent.test/',
    );
    const [status, seconds = 0] = got.stdout.split(' ').map(Number);
    assert.ok(status === 503 && seconds > 9.5 && seconds < 12, outcomeText(got));
    const line = await world.lab.accessLine(
      (each) => each['authority'] === 'silent.test' && each['user_agent'] !== null,
    );
    assert.deepEqual([line['response_flags'], line['reason']], ['UF', 'dial-timeout']);
  });

  for (const how of ['reset', 'close'] as const) {
    wire(`is silent, and the client leaves while we dial (${how})`, async () => {
      const request = 'GET / HTTP/1.1\r\nHost: silent.test\r\n\r\n';
      const leave = how === 'reset' ? [{ reset: true } as const] : [];
      const told = await talk(world.lab, {
        host: SILENT.v4,
        port: 80,
        steps: [{ send: request }, { waitMs: 300 }, ...leave],
      });
      assert.equal(told.received, '');
      const line = await world.lab.accessLine((each) => each['downstream_remote_address'] === told.local, 14_000);
      assert.deepEqual([line['verdict'], line['response_flags']], ['allow', how === 'reset' ? 'DC' : 'UF']);
    });
  }
});

describe('an origin that breaks off', () => {
  for (const path of ['/reset', '/nothing']) {
    wire(`ends without a byte of an answer: 503 UC upstream-reset (${path})`, async () => {
      const steps = [{ send: get(path) }, { until: 'end' }] as const;
      const told = await talk(world.lab, { host: LIVE6, port: HTTP_PORT, steps });
      assert.match(told.received, /^HTTP\/1\.1 503 Service Unavailable\r\n.*x-weir-reason: upstream-reset\r\n/s);
      assert.equal(told.end, 'fin');
      const line = await told.line();
      assert.deepEqual(
        [line['verdict'], line['reason'], line['response_flags'], line['response_code']],
        ['allow', 'upstream-reset', 'UC', 503],
      );
      assert.match(String(line['upstream_host']), /:8000$/);
      assert.deepEqual(asked(path), [[path]], 'a fresh connection is not tried twice');
    });
  }

  /** The requests of each connection of the origin that was asked for this path. */
  function asked(path: string): readonly (readonly string[])[] {
    const connections = world.lab.origin('raw').map(({ requests }) => requests.map((each) => each.path));
    return connections.filter((paths) => paths.includes(path));
  }

  wire('resets in the middle of its answer: the client sees a reset, the line has UC', async () => {
    const steps = [{ send: get('/break') }, { until: 'end' }] as const;
    const told = await talk(world.lab, { host: LIVE4, port: HTTP_PORT, steps });
    assert.equal(told.end, 'ECONNRESET', told.received);
    const line = await told.line();
    assert.deepEqual([line['verdict'], line['response_flags']], ['allow', 'UC']);
  });
});

describe('a client that leaves', () => {
  wire('resets in mid-download: the origin sees a reset, the line has DC', async () => {
    const path = '/bytes/50000000';
    const steps = [{ send: get(path) }, { expect: '0 0 0 0' }, { reset: true }] as const;
    const told = await talk(world.lab, { host: LIVE4, port: HTTP_PORT, steps });
    assert.equal((await endOf(path)).end, 'reset');
    const line = await told.line();
    assert.deepEqual([line['response_code'], line['response_flags']], [200, 'DC']);
  });

  wire('ends while the origin thinks: the origin is told, the line has DC', async () => {
    const steps = [{ send: get('/silent') }, { waitMs: 200 }, { half: 'close' }] as const;
    const told = await talk(world.lab, { host: LIVE4, port: HTTP_PORT, steps });
    assert.equal((await endOf('/silent')).end, 'fin');
    const line = await told.line();
    assert.deepEqual([line['response_code'], line['response_flags']], [0, 'DC']);
  });

  function endOf(path: string) {
    return waitFor('the end', () =>
      world.lab
        .origin('raw')
        .find(({ requests, end }) => end !== 'open' && requests.some((each) => each.path === path)),
    );
  }
});

for (const [host, listener] of [
  ['127.0.0.1', '127.0.0.1:15001'],
  ['::1', '[::1]:15001'],
] as const) {
  wire(`a dial of the listener itself, ${listener}, is closed as not-redirected`, async () => {
    const told = await talk(world.lab, { host, port: 15_001, steps: [{ send: get('/length') }, { until: 'end' }] });
    assert.deepEqual([told.received, told.end], ['', 'ECONNRESET']);
    const line = await world.lab.accessLine((each) => each['downstream_local_address'] === listener);
    assert.deepEqual([line['verdict'], line['reason'], line['upstream_host']], ['deny', 'not-redirected', null]);
  });
}

wire('names are resolved without the C library: none of its files is opened', async () => {
  const file = `${world.lab.folder}/strace`;
  const argv = ['strace', '-f', '-e', 'trace=open,openat,connect', '-o', file, '-p', String(world.agent.pid)];
  const strace = world.lab.spawn('node', argv);
  await waitFor('strace is attached', () => strace.stderr().includes('attached'), { told: strace.stderr });
  await world.lab.setNames({ 'raw.test': [LIVE4], 'other.test': [LIVE4] });
  for (const name of ['nowhere.test', 'other.test', 'raw.test']) {
    await world.lab.curl('pod', '-sS', '--resolve', `${name}:80:${LIVE4}`, `http://${name}/fresh`);
  }
  strace.kill('SIGINT');
  await waitFor('strace ends', () => strace.code() !== undefined, { told: strace.stderr });
  const calls = readFileSync(file, 'utf8');
  assert.match(calls, /connect\(.*sin6?_port=htons\(80\)/, 'strace has seen the dial of the origin');
  assert.doesNotMatch(calls, /\/etc\/|nss|libc-/, calls);
});

wire('no flow is left', () => noFlowLeft(world.lab));
