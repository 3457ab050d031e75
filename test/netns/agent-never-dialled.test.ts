/** Invariant 9: no dial reaches the agent's own machine or a link-local address, whatever a resource or DNS says. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { type Captured, capturedLab, meshMode, serviceEntry } from '../support/lab/captured.ts';
import { outcomeText } from '../support/lab/run.ts';
import { NODE } from '../support/lab/topology.ts';
import { waitFor } from '../support/lab/wait.ts';
import type { Origin } from '../support/origins/fixtures.ts';

/** What the node serves for itself: it must see nothing. */
const OWN: Origin = {
  key: 'node',
  names: [],
  addresses: ['127.0.0.1', '::1', NODE.v4, NODE.v6, '169.254.169.254'],
  services: [
    { port: 80, kind: 'http' },
    { port: 8078, kind: 'echo' },
  ],
};

/** Names that lead to the node, in every disguise that an answer can wear. */
const NAMES = {
  'loopback4.test': ['127.0.0.1'],
  'loopback6.test': ['::1'],
  'mapped.test': ['::ffff:127.0.0.1'],
  'sixtofour.test': ['2002:7f00:1::'],
  'nat64.test': ['64:ff9b::7f00:1'],
  'unspecified.test': ['0.0.0.0'],
  'own4.test': [NODE.v4],
  'own6.test': [NODE.v6],
  'metadata.test': ['169.254.169.254'],
} as const;

const ENDPOINTS = ['127.0.0.1', '::1', '169.254.169.254', NODE.v4, NODE.v6, '64:ff9b::a9fe:a9fe'] as const;

let world: Captured;
before(async () => {
  const named = Object.keys(NAMES).map((name) => serviceEntry({ hosts: [name], ports: [[80, 'HTTP']] }));
  const listed = ENDPOINTS.map((ip, at) =>
    serviceEntry({ hosts: [`endpoint${at}.test`], ports: [[80, 'HTTP']], resolution: 'STATIC', endpoints: [ip] }),
  );
  world = await capturedLab({
    names: { ...NAMES, 'outside.test': [NODE.v4, '203.0.113.19'] },
    config: {
      'named.yaml': named.join('---\n'),
      'listed.yaml': listed.join('---\n'),
      'mixed.yaml': serviceEntry({ hosts: ['outside.test'], ports: [[80, 'HTTP']] }),
    },
  });
  await world.lab.exec('node', ['ip', 'addr', 'add', '169.254.169.254/32', 'dev', 'lo']);
  await world.lab.addOrigins('node', [OWN]);
});
after(() => world.lab.close());
beforeEach(() => world.lab.forget());

/** Any address outside stands for the name: the agent resolves it itself. */
const ANYWHERE = '203.0.113.12';

for (const name of Object.keys(NAMES)) {
  test(`a listed name that resolves to ${name.split('.')[0]} is answered 503 and not dialled`, async () => {
    const outcome = await world.lab.curl('pod', '-sSi', '--resolve', `${name}:80:${ANYWHERE}`, `http://${name}/`);
    assert.match(outcome.stdout, /^HTTP\/1\.1 503 .*\r\nx-weir-reason: address-forbidden\r\n/s, outcomeText(outcome));
    const line = await world.lab.accessLine((each) => each['authority'] === name);
    assert.deepEqual(
      [line['verdict'], line['reason'], line['response_code'], line['response_flags'], line['upstream_host']],
      ['deny', 'address-forbidden', 503, 'UH', null],
    );
    assert.deepEqual(world.lab.seen(), []);
  });
}

for (const [at, ip] of ENDPOINTS.entries()) {
  test(`an endpoint ${ip} is answered 503 and not dialled`, async () => {
    const name = `endpoint${at}.test`;
    const outcome = await world.lab.curl('pod', '-sSi', '--resolve', `${name}:80:${ANYWHERE}`, `http://${name}/`);
    assert.match(outcome.stdout, /^HTTP\/1\.1 503 .*\r\nx-weir-reason: address-forbidden\r\n/s, outcomeText(outcome));
    const line = await world.lab.accessLine((each) => each['authority'] === name);
    assert.deepEqual([line['response_flags'], line['upstream_host']], ['UF', null]);
    assert.deepEqual(world.lab.seen(), []);
  });
}

test('of several answers only the forbidden ones are left out', async () => {
  const call = ['--resolve', `outside.test:80:${ANYWHERE}`, 'http://outside.test/'];
  for (let times = 0; times < 4; times++) {
    const outcome = await world.lab.curl('pod', '-sSi', ...call);
    assert.match(outcome.stdout, /^HTTP\/1\.1 200 /, outcomeText(outcome));
  }
  assert.deepEqual(new Set(world.lab.seen().map(({ origin }) => origin)), new Set(['E9']));
});

test('ALLOW_ANY: an original destination on the node is refused, for HTTP, TLS and plain TCP', async () => {
  world.lab.writeConfig({ 'mesh.yaml': meshMode('ALLOW_ANY') });
  await waitFor('ALLOW_ANY is in force', () => world.agent.stderr().includes('mode ALLOW_ANY'));
  for (const host of [NODE.v4, `[${NODE.v6}]`, '169.254.169.254']) {
    const plain = await world.lab.curl('pod', '-sSi', `http://${host}/`);
    assert.match(plain.stdout, /^HTTP\/1\.1 502 .*\r\nx-weir-reason: address-forbidden\r\n/s, outcomeText(plain));
    const opaque = await world.lab.curl('pod', '-sS', '--max-time', '5', `telnet://${host}:8078`);
    assert.notEqual(opaque.code, 0, outcomeText(opaque));
  }
  const secure = await world.lab.curl('pod', '-sSk', `https://${NODE.v4}:80/`);
  assert.equal(secure.code, 35, outcomeText(secure));
  assert.deepEqual(world.lab.seen(), []);
});
