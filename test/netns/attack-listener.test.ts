/** The listeners' port is held by a process of one pod when the agent starts: the other pods have their agent all the same. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Captured, capturedLab, serviceEntry } from '../support/lab/captured.ts';
import { outcomeText, run } from '../support/lab/run.ts';
import { waitFor } from '../support/lab/wait.ts';

const HOLD = `
  const { createServer } = require('node:net');
  createServer().listen(15001, '127.0.0.1', () => {
    createServer().listen(15001, '::1', () => console.log('held'));
  });`;
const START = {
  config: { 'other.yaml': serviceEntry({ hosts: ['other.test'], ports: [[80, 'HTTP']] }) },
  workloads: { thief: 'default/thief', pod: 'default/sleep' },
};

let world: Captured;
before(async () => {
  world = await capturedLab({ pods: ['thief', 'pod'], ...START });
});
after(() => world.lab.close());

test('a pod that took the port between two agents harms nobody else, and is captured again when it lets go', async () => {
  const { lab, agent } = world;
  await agent.kill();
  const thief = lab.spawn('thief', [process.execPath, '-e', HOLD]);
  await waitFor('the thief has both ports', () => thief.stdout().includes('held'), { told: thief.stderr });

  const next = await lab.startAgent(START);
  const other = await lab.curl('pod', '-sSi', 'http://other.test/');
  assert.match(other.stdout, /^HTTP\/1\.1 200 /, outcomeText(other));
  for (const family of ['IPv4', 'IPv6']) assert.match(next.stderr(), new RegExp(`thief: no ${family} listener`));

  thief.kill('SIGKILL');
  await waitFor('the thief is captured again', () => next.stderr().includes('now free'), { told: next.stderr });
  for (const family of ['-4', '-6']) {
    const again = await lab.curl('thief', family, '-sSi', 'http://other.test/');
    assert.match(again.stdout, /^HTTP\/1\.1 200 /, outcomeText(again));
  }
});

test('where every port is taken, the start fails and says so', async () => {
  const second = await run(world.agent.argv, { limitMs: 20_000 });
  assert.equal(second.code, 69, outcomeText(second));
  assert.match(second.stderr, /cannot listen in \/run\/netns\/.*, port 15001: EADDRINUSE/);
});
