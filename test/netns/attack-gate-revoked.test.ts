/** What was admitted and is no longer: nothing of it leaves later, whatever it was waiting for when the policy changed. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { noFlowLeft, type Talk, type Talked, talk, telling } from '../support/clients/captured-pod.ts';
import { clientHello } from '../support/clients/client-hello.ts';
import { asked, gateWorld, linesOf, ONE, PROXY_PORT, request } from '../support/clients/gate-world.ts';
import { misfit, refusalPattern } from '../support/corpus/patterns.ts';
import type { Captured } from '../support/lab/captured.ts';
import { type Loss, lose } from '../support/lab/loss.ts';
import { waitFor } from '../support/lab/wait.ts';

let world: Captured;
before(async () => {
  world = await gateWorld();
});
after(() => world.lab.close());

const ASK = ['-p', 'tcp', '--dport', '80'] as const;
const SYN = [...ASK, '--tcp-flags', 'SYN,ACK', 'SYN'] as const;
const containing = (text: string): readonly string[] => [...ASK, '-m', 'string', '--algo', 'bm', '--string', text];

type Revoked = {
  /** Resource file that goes while the flow waits. */
  readonly file: string;
  readonly port?: number;
  readonly steps: Talk['steps'];
  /** What the flow waits for: packets that get lost until the policy has changed. */
  readonly lost: readonly string[];
};

/** Plays the steps, and takes the resource away when the first packet is lost; then they arrive. */
async function revoked({ file, port = 80, steps, lost }: Revoked): Promise<Talked> {
  const { lab } = world;
  lab.forget();
  const loss = await lose(lab, lost);
  const talking = talk(lab, { host: ONE[0], port, steps });
  await withoutResource(file, loss.begun, loss);
  return talking;
}

async function withoutResource(file: string, when: () => Promise<void>, loss?: Loss): Promise<void> {
  const { lab } = world;
  const text = readFileSync(`${lab.config}/${file}`, 'utf8');
  await when();
  await change({ [file]: null });
  await loss?.end();
  await noFlowLeft(lab);
  await change({ [file]: text });
}

async function change(files: Readonly<Record<string, string | null>>): Promise<void> {
  const { lab, agent } = world;
  const registries = (): number => agent.stderr().match(/registry [0-9]+:/g)?.length ?? 0;
  const before = registries();
  lab.writeConfig(files);
  await waitFor('a new registry', () => registries() > before, { told: agent.stderr });
}

const wire = (says: string, body: () => Promise<void>): void =>
  void test(
    says,
    telling(() => world, body),
  );

wire('a request whose upstream is being dialled is refused, and never leaves', async () => {
  const steps = [{ send: request('GET', 'one.test', '/length') }, { until: 'end' }] as const;
  const told = await revoked({ file: 'one.yaml', steps, lost: SYN });
  assert.equal(misfit(told.received, refusalPattern(502, 'policy-changed')), undefined);
  assert.deepEqual(asked(world, 'one').flat(), []);
  const [line] = await linesOf(world, told, 1);
  assert.deepEqual([line?.['verdict'], line?.['reason'], line?.['response_code']], ['deny', 'policy-changed', 502]);
});

wire('a request is not sent again to what is no longer admitted', async () => {
  const again = request('GET', 'one.test', '/fresh/again');
  const steps = [
    { send: request('GET', 'one.test', '/length') },
    { expect: 'length$' },
    { send: again },
    { until: 'end' },
  ] as const;
  const told = await revoked({ file: 'one.yaml', steps, lost: containing('/fresh/again') });
  assert.match(told.received, /length.*x-weir-reason: policy-changed\r\n/s);
  assert.deepEqual(asked(world, 'one').flat(), ['GET one.test /length', 'GET one.test /fresh/again']);
});

wire('a WebSocket that is admitted no longer when its 101 comes is reset', async () => {
  const steps = [
    { send: request('GET', 'one.test', '/upgrade', 'Connection: Upgrade', 'Upgrade: websocket') },
    { until: 'end' },
  ] as const;
  const told = await revoked({ file: 'one.yaml', steps, lost: containing('/upgrade') });
  assert.equal(told.end, 'ECONNRESET', told.received);
  const [line] = await linesOf(world, told, 1);
  assert.deepEqual([line?.['verdict'], line?.['reason']], ['deny', 'policy-changed']);
});

wire('a connection that waits for requests ends, and its line counts nothing twice', async () => {
  const { lab } = world;
  const steps = [{ send: request('GET', 'one.test', '/length') }, { until: 'end' }] as const;
  const lines = lab.accessLines().length;
  const talking = talk(lab, { host: ONE[0], port: 80, steps });
  const answered = (): boolean => lab.accessLines().length > lines;
  await withoutResource('one.yaml', async () => void (await waitFor('the line of the answer', answered)));
  const told = await talking;
  assert.deepEqual([told.end, told.received.endsWith('length')], ['fin', true]);
  const [, line] = await linesOf(world, told, 2);
  assert.deepEqual([line?.['reason'], line?.['bytes_sent'], line?.['bytes_received']], ['policy-changed', 0, 0]);
});

const connect = request('CONNECT', 'aliyun.com:443', 'aliyun.com:443');
const hello = clientHello('curl-7.88');
for (const [says, steps] of [
  ['has said nothing yet', [{ send: connect }, { until: 'end' }]],
  ['carries TLS', [{ send: connect }, { expect: '\r\n\r\n$' }, { send: hello }, { until: 'end' }]],
] as const) {
  wire(`a tunnel that ${says} ends when its proxy is no longer admitted`, async () => {
    world.lab.forget();
    const talking = talk(world.lab, { host: ONE[0], port: PROXY_PORT, steps });
    const lines = world.lab.accessLines().length;
    const stands = (): boolean => world.lab.accessLines().length > lines;
    await withoutResource('proxy.yaml', async () => void (await waitFor('the tunnel stands', stands)));
    const told = await talking;
    assert.equal(told.end, 'ECONNRESET', told.received);
    const [, inner] = await linesOf(world, told, 2);
    assert.deepEqual([inner?.['verdict'], inner?.['reason']], ['deny', 'policy-changed']);
  });
}
