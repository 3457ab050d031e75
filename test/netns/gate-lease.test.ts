/** A lease changes nothing: whatever is said on a connection, both ends see the same bytes, and the lines are the same. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import * as fc from 'fast-check';
import { type ArbitraryTalk, arbitraryTalk } from '../support/clients/arbitrary-talks.ts';
import { noFlowLeft, talkAll } from '../support/clients/captured-pod.ts';
import type { AccessLine } from '../support/lab/agent.ts';
import { meshMode, serviceEntry } from '../support/lab/captured.ts';
import { type Lab, makeLab } from '../support/lab/lab.ts';
import { must } from '../support/lab/run.ts';
import { waitFor } from '../support/lab/wait.ts';
import type { ToldEntry } from '../support/origins/told-http.ts';

const ORIGIN = fileURLToPath(new URL('../support/origins/told-http.ts', import.meta.url));
const ONE = '203.0.113.88';
const TWO = '203.0.113.89';
const HOSTS = {
  listed: ['one.test', 'one.test', 'one.test', 'ONE.test', 'one.test:80', 'two.test'],
  refused: ['other.test'],
};

/** A pod whose agent gives leases, and one whose agent does not. */
const MODES = { leased: 'on', asked: 'off' } as const;
type Pod = keyof typeof MODES;

let lab: Lab;
before(async () => {
  lab = await makeLab({ pods: Object.keys(MODES), names: { 'one.test': [ONE], 'two.test': [TWO] } });
  const added = [ONE, TWO].map((ip) => `addr add ${ip}/24 dev eth0\n`).join('');
  await must(['ip', '-n', lab.netns('ext'), '-batch', '-'], { input: added });
  writeFileSync(`${lab.folder}/told.jsonl`, '');
  const origin = lab.spawn('ext', [process.execPath, ORIGIN, lab.folder, '80', ONE, TWO]);
  await waitFor('the origin listens', () => existsSync(`${lab.folder}/told.ready`), { told: origin.stderr });
  const config = {
    'mesh.yaml': meshMode('REGISTRY_ONLY'),
    'both.yaml': serviceEntry({ hosts: ['one.test', 'two.test'], ports: [[80, 'HTTP']] }),
  };
  for (const [pod, lease] of Object.entries(MODES)) {
    const agent = await lab.startAgent({ config, workloads: { [pod]: 'default/sleep' }, args: ['--lease', lease] });
    await waitFor(`the agent of ${pod}`, () => /weir-agent .* ready/.test(agent.stderr()), { told: agent.stderr });
    await lab.applyInit([], pod);
  }
});
after(() => lab.close());

type Ran = {
  readonly clients: readonly { readonly received: string; readonly end: string }[];
  readonly origin: readonly string[];
  readonly lines: readonly (readonly AccessLine[])[];
};

async function run(pod: Pod, talks: readonly ArbitraryTalk[]): Promise<Ran> {
  truncateSync(`${lab.folder}/told.jsonl`);
  const told = await talkAll(
    lab,
    talks.map(({ steps }) => ({ host: ONE, port: 80, steps, limitMs: 5_000 })),
    pod,
  );
  const stuck = told.flatMap((each, at) => (each.stuckAt === null ? [] : [{ told: each, talk: talks[at] }]));
  assert.deepEqual(stuck, [], pod);
  const lines = await Promise.all(told.map((each, at) => each.lines(talks[at]?.lines ?? 0)));
  return {
    clients: told.map(({ received, end }) => ({ received: comparable(received), end })),
    origin: [...streams()].sort(),
    lines: lines.map((all) => all.map(facts)),
  };
}

function comparable(received: string): string {
  return received.replaceAll(/(x-envoy-upstream-service-time: )[0-9]+/g, '$1N').replaceAll(/^(date: ).*$/gim, '$1D');
}

function streams(): readonly string[] {
  const entries = readFileSync(`${lab.folder}/told.jsonl`, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as ToldEntry); // written by the origin alone
  const connections = Map.groupBy(entries, ({ connection }) => connection);
  return [...connections.values()].map((all) => all.map(({ bytes }) => bytes).join(''));
}

/** Times, ids, and who and where the client was. */
const DIFFERING = [
  'start_time',
  'duration',
  'upstream_service_time',
  'downstream_remote_address',
  'upstream_local_address',
  'request_id',
  'x_forwarded_for',
];

function facts(line: AccessLine): AccessLine {
  return Object.fromEntries(Object.entries(line).filter(([key]) => !DIFFERING.includes(key)));
}

const property = fc.asyncProperty(fc.array(arbitraryTalk(HOSTS), { minLength: 24, maxLength: 24 }), async (talks) => {
  const [leased, asked] = [await run('leased', talks), await run('asked', talks)];
  assert.deepEqual(leased, asked);
});

const random = Date.now() & 0x7fffffff;
for (const seed of [1, 2, 3, random]) {
  test(`random connections, seed ${seed}`, () => fc.assert(property, { seed, numRuns: 3, endOnFailure: true }));
}

test('no flow is left', () => noFlowLeft(lab));
