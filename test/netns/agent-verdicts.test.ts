/** Who gets through and who does not: cases A01–A03, A17, A22, A23, A26, IPv4 and IPv6, as resources come and go. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { type Captured, capturedLab, meshMode, serviceEntry } from '../support/lab/captured.ts';
import { outcomeText } from '../support/lab/run.ts';
import { waitFor } from '../support/lab/wait.ts';

let world: Captured;
before(async () => {
  world = await capturedLab();
});
after(() => world.lab.close());
beforeEach(() => world.lab.forget());

const ALIYUN = { hosts: ['aliyun.com'], ports: [[80, 'HTTP']] } as const;

/** Puts exactly these resources in force: done when the agent has told of a newer registry, within the promised second. */
async function inForce(files: Readonly<Record<string, string>>): Promise<void> {
  const { lab, agent } = world;
  if (isDeepStrictEqual(files, present)) return;
  const before = generations(agent.stderr());
  const gone = Object.fromEntries(Object.keys(present).map((name) => [name, null]));
  lab.writeConfig({ ...gone, ...files });
  present = files;
  await waitFor('a newer registry', () => generations(agent.stderr()) > before, { limitMs: 1_000, told: agent.stderr });
}
let present: Readonly<Record<string, string>> = {};

function generations(stderr: string): number {
  return stderr.match(/"registry \d+:/g)?.length ?? 0;
}

for (const family of ['-4', '-6'] as const) {
  describe(`over IPv${family[1]}`, () => {
    test('A02: nothing listed: plaintext HTTP gets 502 with the reason, the origin sees nothing', async () => {
      await inForce({ 'empty.yaml': meshMode('REGISTRY_ONLY') });
      const head = await world.lab.curl('pod', family, '-sSI', 'http://aliyun.com');
      assert.equal(head.code, 0, outcomeText(head));
      assert.match(head.stdout, /^HTTP\/1\.1 502 Bad Gateway\r\n/);
      assert.match(head.stdout, /\r\nserver: weir\r\n/);
      assert.match(head.stdout, /\r\ndate: /);
      assert.match(head.stdout, /\r\nx-weir-reason: not-listed\r\n/);
      const get = await world.lab.curl('pod', family, '-sS', 'http://aliyun.com');
      assert.match(get.stdout, /^weir: not-listed: [^\n]*explain[^\n]*\n$/);
      assert.deepEqual(world.lab.seen(), []);
      const line = await world.lab.accessLine((each) => each['response_code'] === 502 && each['method'] === 'GET');
      assert.deepEqual(
        [line['verdict'], line['reason'], line['authority'], line['upstream_cluster'], line['upstream_host']],
        ['deny', 'not-listed', 'aliyun.com', 'BlackHoleCluster', null],
      );
    });

    test('A22: nothing listed: https ends with curl exit 35, the origin sees nothing', async () => {
      await inForce({ 'empty.yaml': meshMode('REGISTRY_ONLY') });
      const outcome = await world.lab.curl('pod', family, '-sSI', 'https://aliyun.com');
      assert.equal(outcome.code, 35, outcomeText(outcome));
      assert.deepEqual(world.lab.seen(), []);
      const line = await world.lab.accessLine((each) => each['requested_server_name'] === 'aliyun.com');
      assert.deepEqual([line['verdict'], line['reason'], line['response_code']], ['deny', 'not-listed', 0]);
    });

    for (const version of ['v1', 'v1beta1', 'v1alpha3'] as const) {
      test(`A03, A17: a ServiceEntry of ${version} lets it through to the origin`, async () => {
        await inForce({ 'se.yaml': serviceEntry({ ...ALIYUN, version }) });
        const outcome = await world.lab.curl('pod', family, '-sSI', 'http://aliyun.com');
        assert.match(outcome.stdout, /^HTTP\/1\.1 301 Moved Permanently\r\n/, outcomeText(outcome));
        assert.match(outcome.stdout, /\r\ncontent-length: 239\r\n/i);
        assert.equal(world.lab.origin('aliyun.com').length, 1);
      });
    }

    test('A23: what is not listed beside it is refused', async () => {
      await inForce({ 'se.yaml': serviceEntry(ALIYUN) });
      const outcome = await world.lab.curl('pod', family, '-sSI', 'http://other.test');
      assert.match(outcome.stdout, /^HTTP\/1\.1 502 /, outcomeText(outcome));
      assert.deepEqual(world.lab.seen(), []);
    });

    test('A01: ALLOW_ANY lets everything through, to the address that was dialled', async () => {
      await inForce({ 'mesh.yaml': meshMode('ALLOW_ANY') });
      const outcome = await world.lab.curl('pod', family, '-sSI', 'http://aliyun.com');
      assert.match(
        outcome.stdout,
        /^HTTP\/1\.1 301 .*location: https:\/\/aliyun\.com\/.*content-length: 239/is,
        outcomeText(outcome),
      );
      const line = await world.lab.accessLine((each) => each['reason'] === 'allow-any');
      assert.deepEqual([line['upstream_cluster'], line['response_code']], ['PassthroughCluster', 301]);
      const secure = await world.lab.curl('pod', family, '-sSI', 'https://other.test');
      assert.equal(secure.code, 0, outcomeText(secure));
    });

    test('A26: resolution NONE: an address that is none of the name is not dialled, our own resolution is', async () => {
      await inForce({ 'se.yaml': serviceEntry({ ...ALIYUN, resolution: 'NONE' }) });
      const elsewhere = addressOf('other.test', family);
      const outcome = await world.lab.curl(
        'pod',
        '-sSI',
        '--resolve',
        `aliyun.com:80:${elsewhere}`,
        'http://aliyun.com',
      );
      assert.match(outcome.stdout, /^HTTP\/1\.1 301 /, outcomeText(outcome));
      assert.deepEqual([world.lab.origin('other.test').length, world.lab.origin('aliyun.com').length], [0, 1]);
    });

    test('A26: with the address listed, it is dialled', async () => {
      const elsewhere = addressOf('other.test', family);
      const width = family === '-4' ? 32 : 128;
      await inForce({
        'se.yaml': serviceEntry({ ...ALIYUN, resolution: 'NONE', addresses: [`${elsewhere}/${width}`] }),
      });
      const outcome = await world.lab.curl(
        'pod',
        '-sSI',
        '--resolve',
        `aliyun.com:80:${elsewhere}`,
        'http://aliyun.com',
      );
      assert.match(outcome.stdout, /^HTTP\/1\.1 200 /, outcomeText(outcome));
      assert.deepEqual([world.lab.origin('other.test').length, world.lab.origin('aliyun.com').length], [1, 0]);
    });

    test('resolution DNS: whatever address was dialled, the name’s own is', async () => {
      await inForce({ 'se.yaml': serviceEntry(ALIYUN) });
      const elsewhere = addressOf('other.test', family);
      const outcome = await world.lab.curl(
        'pod',
        '-sSI',
        '--resolve',
        `aliyun.com:80:${elsewhere}`,
        'http://aliyun.com',
      );
      assert.match(outcome.stdout, /^HTTP\/1\.1 301 /, outcomeText(outcome));
      assert.deepEqual([world.lab.origin('other.test').length, world.lab.origin('aliyun.com').length], [0, 1]);
    });

    test('A27: TLS by SNI: the listed name passes end to end, with the origin’s own certificate', async () => {
      await inForce({ 'se.yaml': serviceEntry({ hosts: ['httpbin.org'], ports: [[443, 'HTTPS']] }) });
      const outcome = await world.lab.curl('pod', family, '-sSI', 'https://httpbin.org/get');
      assert.match(outcome.stdout, /^HTTP\/\S+ 200/, outcomeText(outcome));
      const line = await world.lab.accessLine((each) => each['requested_server_name'] === 'httpbin.org');
      assert.deepEqual(
        [line['upstream_cluster'], line['protocol'], line['response_code']],
        ['outbound|443||httpbin.org', null, 0],
      );
      const other = await world.lab.curl('pod', family, '-sSI', 'https://openservicemesh.io');
      assert.equal(other.code, 35, outcomeText(other));
      assert.equal(world.lab.origin('openservicemesh.io').length, 0);
    });

    test('a wildcard admits names below it, not the name itself', async () => {
      await inForce({
        'se.yaml': serviceEntry({ hosts: ['*.httpbin.org'], ports: [[80, 'HTTP']], resolution: 'NONE' }),
      });
      assert.match(
        (await world.lab.curl('pod', family, '-sSI', 'http://www.httpbin.org/get')).stdout,
        /^HTTP\/1\.1 200 /,
      );
      assert.match((await world.lab.curl('pod', family, '-sSI', 'http://httpbin.org/get')).stdout, /^HTTP\/1\.1 502 /);
    });
  });
}

test('exportTo "." hides an entry of another namespace', async () => {
  await inForce({ 'se.yaml': serviceEntry({ ...ALIYUN, namespace: 'elsewhere', exportTo: ['.'] }) });
  assert.match((await world.lab.curl('pod', '-sSI', 'http://aliyun.com')).stdout, /^HTTP\/1\.1 502 /);
  await inForce({ 'se.yaml': serviceEntry({ ...ALIYUN, namespace: 'elsewhere', exportTo: ['default'] }) });
  assert.match((await world.lab.curl('pod', '-sSI', 'http://aliyun.com')).stdout, /^HTTP\/1\.1 301 /);
});

test('a document that breaks keeps its last good version in force and is told with its place', async () => {
  await inForce({ 'se.yaml': serviceEntry(ALIYUN) });
  await inForce({ 'se.yaml': serviceEntry({ ...ALIYUN, ports: [[0, 'HTTP']] }) });
  assert.match(world.agent.stderr(), /se\.yaml:8:\d+: error: spec\.ports\[0\]\.number: /);
  assert.match((await world.lab.curl('pod', '-sSI', 'http://aliyun.com')).stdout, /^HTTP\/1\.1 301 /);
  await inForce({ 'se.yaml': '{ this is: [no yaml' });
  assert.match((await world.lab.curl('pod', '-sSI', 'http://aliyun.com')).stdout, /^HTTP\/1\.1 301 /);
  await inForce({});
  assert.match((await world.lab.curl('pod', '-sSI', 'http://aliyun.com')).stdout, /^HTTP\/1\.1 502 /);
});

test('explain says of each call what happened to it', async () => {
  await inForce({ 'se.yaml': serviceEntry(ALIYUN) });
  const calls = [
    { host: 'aliyun.com', verdict: 'allow', status: 301 },
    { host: 'other.test', verdict: 'deny', status: 502 },
  ] as const;
  for (const { host, verdict, status } of calls) {
    const got = await world.lab.curl('pod', '-sS', '-o', '/dev/null', '-w', '%{http_code}', `http://${host}/x`);
    assert.equal(got.stdout, String(status), outcomeText(got));
    const line = await world.lab.accessLine((each) => each['authority'] === host && each['path'] === '/x');
    const ask = [
      'explain',
      '--config',
      world.lab.config,
      '--from',
      'default/sleep',
      '--to',
      `${host}:80`,
      '--host',
      host,
    ];
    const told = await world.lab.exec('node', ['scripts/weir-agent', ...ask, '--json']);
    const answer: unknown = JSON.parse(told.stdout);
    assert.ok(typeof answer === 'object' && answer !== null && 'verdict' in answer && 'reason' in answer);
    assert.deepEqual([answer.verdict, answer.reason], [verdict, line['reason']]);
    assert.equal(line['verdict'], verdict);
  }
});

function addressOf(name: 'other.test', family: '-4' | '-6'): string {
  const last = { 'other.test': 19 }[name];
  return family === '-4' ? `203.0.113.${last}` : `2001:db8:ee::${last}`;
}
