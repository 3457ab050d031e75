/** Invariant 10: what one pod holds on to is bounded, so that the pod beside it works as if it were alone. At a gateway too. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, beforeEach, test } from 'node:test';
import { callFrom } from '../support/clients/egress-call.ts';
import { egressWorld } from '../support/clients/egress-world.ts';
import { type Captured, capturedLab, serviceEntry } from '../support/lab/captured.ts';
import { seedFiles } from '../support/lab/resources.ts';
import { outcomeText, type Running } from '../support/lab/run.ts';
import { waitFor } from '../support/lab/wait.ts';

/** Opens so many connections, says this on each, and keeps them. Prints how many it has tried, ten times a second. */
const HOLD = `
  const { connect } = require('node:net');
  const [count, says, host] = [Number(process.argv[1]), Buffer.from(process.argv[2], 'latin1'), process.argv[3]];
  let tried = 0;
  const next = () => {
    if (tried === count) return;
    tried++;
    let begun = false;
    const begin = () => { if (!begun) next(); begun = true; };
    const socket = connect({ host, port: 80 }, () => { socket.write(says); begin(); });
    socket.on('error', () => {});
    socket.on('close', begin);
  };
  for (let lane = 0; lane < 32; lane++) next();
  setInterval(() => process.stdout.write('tried ' + tried + '\\n'), 100);`;
const DESCRIPTORS = 1_000;
/** What a flow may hold however much its caller does. */
const USUAL_BYTES = 16 * 1024;
const START = {
  config: { 'other.yaml': serviceEntry({ hosts: ['other.test'], ports: [[80, 'HTTP']] }) },
  workloads: { greedy: 'default/greedy', pod: 'default/sleep' },
};

let world: Captured;
before(async () => {
  world = await capturedLab({ pods: ['greedy', 'pod'], descriptors: DESCRIPTORS, ...START });
});
after(() => world.lab.close());
beforeEach(() => world.lab.forget());

function hold(count: number, says: string, { lab }: Pick<Captured, 'lab'> = world, host = '203.0.113.21'): Running {
  return lab.spawn('greedy', [process.execPath, '-e', HOLD, String(count), says, host]);
}

function longHead(host: string): string {
  return `GET / HTTP/1.1\r\nHost: ${host}\r\nX: ${'a'.repeat(60_000)}`;
}

async function otherPodIsServed(): Promise<void> {
  for (const family of ['-4', '-6']) {
    for (let times = 0; times < 5; times++) {
      const got = await world.lab.curl('pod', family, '-sSi', '--max-time', '5', 'http://other.test/');
      assert.match(got.stdout, /^HTTP\/1\.1 200 /, outcomeText(got));
    }
  }
}

test('a pod that opens more connections than there are descriptors leaves enough for the other', async () => {
  const greedy = hold(2 * DESCRIPTORS, '');
  await waitFor('it has tried them all', () => greedy.stdout().includes(`tried ${2 * DESCRIPTORS}`), {
    limitMs: 20_000,
    told: greedy.stdout,
  });
  await otherPodIsServed();
  const refused = await world.lab.accessLine((line) => line['reason'] === 'flow-limit');
  assert.equal(refused['source_workload'], 'greedy');
  greedy.kill('SIGKILL');
});

test('a pod that begins very many long heads is held to its share of memory', async () => {
  await world.agent.kill();
  const agent = await world.lab.startAgent(START);
  const before = residentKiB(agent.pid);
  const greedy = hold(4_000, longHead('other.test'));
  await waitFor('it has tried them all', () => greedy.stdout().includes('tried 4000'), {
    limitMs: 30_000,
    told: greedy.stdout,
  });
  const cut = await world.lab.accessLine((line) => line['reason'] === 'flow-limit' && line['response_flags'] === 'OM');
  assert.deepEqual([cut['source_workload'], cut['verdict'], cut['bytes_received']], ['greedy', 'deny', 0]);
  await otherPodIsServed();
  const grown = Math.round((residentKiB(agent.pid) - before) / 1024);
  assert.ok(grown < 250, `240 MB of heads have made the agent ${grown} MiB larger`);
  greedy.kill('SIGKILL');
});

test('at a gateway, where all come by one listener, each is held to a share of its own', async () => {
  const workloads = { greedy: 'default/greedy', pod: 'default/sleep' } as const;
  const egress = await egressWorld({ workloads, gateways: [{ pod: 'gw' }], files: seedFiles('seed-000') });
  try {
    const { v4 } = egress.lab.pod('gw');
    // In heads that no flow is refused, so that nothing of it is given back.
    const greedy = hold(4_000, longHead('aliyun.com').slice(0, USUAL_BYTES), egress, v4);
    await waitFor('it has tried them all', () => greedy.stdout().includes('tried 4000'), { limitMs: 30_000 });
    const longer = ['-H', 'Host: aliyun.com', '-H', `X: ${'a'.repeat(USUAL_BYTES + 4_000)}`, `http://${v4}/`];
    const refused = await callFrom(egress, 'greedy', '-sSi', '--max-time', '5', ...longer);
    const cut = await refused.line();
    assert.deepEqual([refused.stdout, cut['reason'], cut['response_flags']], ['', 'flow-limit', 'OM']);
    const got = await callFrom(egress, 'pod', '-sSi', '--max-time', '5', ...longer);
    assert.match(got.stdout, /^HTTP\/1\.1 431 /, outcomeText(got)); // the origin's: it takes no head of that size
    const line = await got.line();
    assert.deepEqual([line['reason'], line['source_workload'], line['response_code']], ['granted', 'sleep', 431]);
    greedy.kill('SIGKILL');
  } finally {
    await egress.lab.close();
  }
});

function residentKiB(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}
