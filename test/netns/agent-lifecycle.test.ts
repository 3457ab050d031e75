/** The agent killed, frozen, drained, starved and restarted; rules removed under live flows. Nothing ever passes beside it. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, renameSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { talk, talkAll, telling } from '../support/clients/captured-pod.ts';
import type { Knocks } from '../support/clients/knock.ts';
import { get, HTTP_PORT, RAW_ADDRESSES, rawWorld } from '../support/clients/raw-origin.ts';
import { readAccessLines } from '../support/lab/agent.ts';
import { type Captured, serviceEntry } from '../support/lab/captured.ts';
import { outcomeText } from '../support/lab/run.ts';
import { waitFor } from '../support/lab/wait.ts';

const DB = ['203.0.113.17', '2001:db8:ee::17'] as const;
/** A request behind which the connection ends. */
const ONE = get('/length', 'Connection: close');
const KNOCK = fileURLToPath(new URL('../support/clients/knock.ts', import.meta.url));

let world: Captured;
before(async () => {
  world = await rawWorld();
  const { lab } = world;
  lab.writeConfig({ 'db.yaml': serviceEntry({ hosts: ['db.test'], ports: [[3306, 'TCP']] }) });
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

/** TCP with the pod's own address, outside: whatever the agent lets through has the node's. */
function escaped() {
  const { v4, v6 } = world.lab.pod();
  return world.lab.packets('ext', `tcp and (host ${v4} or host ${v6})`);
}

async function restart(descriptors?: number): Promise<void> {
  world = { ...world, agent: await world.lab.startAgent(descriptors === undefined ? {} : { descriptors }) };
}

/** One request in each family that must come through. */
async function works(): Promise<void> {
  for (const host of RAW_ADDRESSES) {
    const told = await talk(world.lab, { host, port: HTTP_PORT, steps: [{ send: ONE }, { until: 'end' }] });
    assert.match(told.received, /length$/, `${host}: ${told.end}`);
  }
}

/** Once the agent no longer refuses a namespace whose rules were about to go (UNDO_REFUSAL_MS). */
async function servedAgain(): Promise<void> {
  const served = () =>
    works().then(
      () => true,
      () => false,
    );
  await waitFor('the namespace is served again', served, { limitMs: 8_000 });
}

wire('SIGKILL under load: refused, nothing passes beside; restarted, it works again untouched', async () => {
  const { lab } = world;
  const packets = await escaped();
  const clients = RAW_ADDRESSES.map((host) =>
    lab.spawn('pod', [process.execPath, KNOCK, host, String(HTTP_PORT), ONE]),
  );
  const counts = () =>
    clients.map((client) => JSON.parse(client.stdout().trimEnd().split('\n').at(-1) || '{}') as Knocks);
  const told = () => JSON.stringify(counts());
  const each = (how: string, more: number) => counts().every((knocks) => (knocks[how] ?? 0) >= more);
  await waitFor('both families are answered', () => each('answered', 50), { told });
  await world.agent.kill();
  await waitFor('both families are refused', () => each('ECONNREFUSED', 100), { told });
  const answered = Math.max(...counts().map((knocks) => knocks['answered'] ?? 0));
  await restart();
  await waitFor('both are answered again', () => each('answered', answered + 50), { told });
  for (const client of clients) client.kill('SIGTERM');
  const { count, lines } = await packets.stop();
  assert.equal(count, 0, lines.slice(0, 5).join('\n'));
  const ways = new Set(counts().flatMap((knocks) => Object.keys(knocks)));
  assert.deepEqual(
    [...ways].filter((way) => !['answered', 'ended', 'ECONNREFUSED', 'ECONNRESET'].includes(way)),
    [],
    told(),
  );
});

wire('SIGSTOP: clients wait and nothing passes; SIGCONT: they are served', async () => {
  const { lab, agent } = world;
  const packets = await escaped();
  agent.signal('SIGSTOP');
  try {
    const steps = [{ send: ONE }, { until: 'end' }] as const;
    const all = await talkAll(
      lab,
      RAW_ADDRESSES.map((host) => ({ host, port: HTTP_PORT, steps, limitMs: 1_500 })),
    );
    for (const told of all) assert.deepEqual([told.received, told.end, told.stuckAt], ['', 'open', 1]);
  } finally {
    agent.signal('SIGCONT');
  }
  const { count, lines } = await packets.stop();
  assert.equal(count, 0, lines.join('\n'));
  await works();
});

wire('SIGTERM drains: a running download is finished, new connects are refused, exit 0', async () => {
  const { lab, agent } = world;
  const url = `http://raw.test:${HTTP_PORT}/bytes/20000000`;
  const download = lab.curl('pod', '-sS', '--limit-rate', '5M', '-o', '/dev/null', '-w', '%{size_download}', url);
  await waitFor('the download runs', () =>
    lab.origin('raw').some(({ requests }) => requests.some(({ path }) => path === '/bytes/20000000')),
  );
  const ended = agent.stop();
  await waitFor('new connects are refused', async () => {
    const all = await talkAll(
      lab,
      RAW_ADDRESSES.map((host) => ({ host, port: HTTP_PORT, steps: [{ until: 'end' }], limitMs: 500 })),
    );
    return all.every(({ end }) => end === 'ECONNREFUSED');
  });
  assert.equal(agent.alive(), true, 'the agent still serves the download');
  const got = await download;
  assert.deepEqual([got.code, got.stdout], [0, '20000000'], outcomeText(got));
  assert.equal(await ended, 0);
  const line = await lab.accessLine(({ path }) => path === '/bytes/20000000');
  assert.deepEqual([line['response_code'], line['bytes_sent'], line['response_flags']], [200, 20_000_000, '-']);
  await restart();
});

/** Forty that stay for a while, in both families. */
function crowd() {
  const steps = [{ expect: 'HELLO\n' }, { waitMs: 500 }, { half: 'close' }, { until: 'end' }] as const;
  return talkAll(
    world.lab,
    Array.from({ length: 40 }, (_, at) => ({ host: DB[at % 2] ?? DB[0], port: 3306, steps, limitMs: 20_000 })),
  );
}

wire('started with few descriptors: who is beyond waits for its turn, and all are served', async () => {
  await world.agent.stop();
  await restart(96);
  const packets = await escaped();
  const all = await crowd();
  assert.deepEqual(
    all.filter(({ received, end }) => received !== 'HELLO\n' || end !== 'fin'),
    [],
  );
  const turns = all.filter(({ firstByteMs }) => firstByteMs !== null && firstByteMs > 500);
  assert.ok(turns.length >= 8, `${turns.length} had to wait`);
  const { count, lines } = await packets.stop();
  assert.equal(count, 0, lines.join('\n'));
});

wire('descriptors taken away while it runs: served or refused, nothing passes beside, works again', async () => {
  const { lab, agent } = world;
  const open = readdirSync(`/proc/${agent.pid}/fd`).length;
  await lab.exec('node', ['prlimit', '--pid', String(agent.pid), `--nofile=${open + 5}`]);
  const packets = await escaped();
  const all = await crowd();
  const served = all.filter(({ received }) => received === 'HELLO\n').length;
  const refused = all.filter(({ received, end }) => received === '' && end === 'ECONNRESET').length;
  assert.equal(served + refused, all.length, JSON.stringify(all.map(({ received, end }) => [received, end])));
  assert.ok(refused > 0, 'the limit was felt');
  const { count, lines } = await packets.stop();
  assert.equal(count, 0, lines.join('\n'));
  await works();
  await agent.stop();
  await restart();
});

wire('weir-init verify passes through the live agent, in both families', async () => {
  const got = await world.lab.init('verify');
  assert.equal(got.code, 0, outcomeText(got));
});

wire('weir-init remove while the agent is frozen: exit 70, and the rules stay', async () => {
  const { lab, agent } = world;
  agent.signal('SIGSTOP');
  try {
    const got = await lab.init('remove');
    assert.equal(got.code, 70, outcomeText(got));
    const status = await lab.init('status');
    assert.equal(status.code, 0, outcomeText(status));
  } finally {
    agent.signal('SIGCONT');
  }
  await servedAgain();
});

wire('weir-init remove under live flows: they are reset, none of their bytes leaves, the rules are gone', async () => {
  const { lab } = world;
  lab.forget();
  const packets = await escaped();
  const steps = [{ expect: 'HELLO\n' }, { send: '.'.repeat(400_000), pieces: 1 }, { until: 'end' }] as const;
  const flows = talkAll(
    lab,
    DB.map((host) => ({ host, port: 3306, steps, limitMs: 20_000 })),
  );
  await waitFor('both flow', () => lab.origin('db.test').filter(({ firstBytes }) => firstBytes !== '').length === 2);
  const got = await lab.init('remove');
  assert.equal(got.code, 0, outcomeText(got));
  for (const told of await flows) assert.equal(told.end, 'ECONNRESET', `after ${told.endMs} ms`);
  const { count, lines } = await packets.stop();
  assert.equal(count, 0, lines.slice(0, 5).join('\n'));
  const status = await lab.init('status');
  assert.equal(status.code, 1, outcomeText(status));
  for (const save of ['iptables-save', 'ip6tables-save']) {
    assert.doesNotMatch((await lab.exec('pod', [save])).stdout, /WEIR/);
  }
  const direct = await escaped();
  await lab.curl('pod', '-sS', '-4', 'http://other.test');
  assert.ok((await direct.stop()).count > 0, 'without rules the pod goes out by itself, and that would have been seen');
  await lab.applyInit();
  await servedAgain();
});

wire('SIGHUP opens the access log anew under its name', async () => {
  const { lab, agent } = world;
  const rotated = `${lab.accessLog}.1`;
  await lab.curl('pod', '-sS', `http://raw.test:${HTTP_PORT}/length?before`);
  await lab.accessLine(({ path }) => path === '/length?before');
  renameSync(lab.accessLog, rotated);
  agent.signal('SIGHUP');
  await waitFor(
    'the file is there again',
    () => lab.accessLines().length === 0 && readdirSync(lab.folder).includes('access.log'),
  );
  await lab.curl('pod', '-sS', `http://raw.test:${HTTP_PORT}/length?after`);
  await lab.accessLine(({ path }) => path === '/length?after');
  assert.ok(!readAccessLines(rotated).some(({ path }) => path === '/length?after'));
  assert.match(readFileSync(rotated, 'utf8'), /\/length\?before/);
});
