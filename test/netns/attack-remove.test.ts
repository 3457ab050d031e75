/** What lives when weir-init removes its rules must not go on to the real destination, with whatever routes. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { RAW_ADDRESSES, rawWorld, TCP_PORT } from '../support/clients/raw-origin.ts';
import type { Captured } from '../support/lab/captured.ts';
import { must, outcomeText } from '../support/lab/run.ts';
import { waitFor } from '../support/lab/wait.ts';

/** Says a byte ten times a second on each of two connections, and prints how each ended. */
const TALKER = `
  const { connect } = require('node:net');
  for (const host of ${JSON.stringify(RAW_ADDRESSES)}) {
    const socket = connect({ host, port: ${TCP_PORT} }, () => {
      console.log('open');
      setInterval(() => socket.write('x'), 100);
    });
    socket.on('error', ({ code }) => { console.log(code); });
    socket.on('close', () => console.log('closed'));
  }`;

let world: Captured;
before(async () => {
  world = await rawWorld();
});
after(() => world.lab.close());

test('remove ends live flows of a namespace that has no default route', async () => {
  const { lab } = world;
  const inPod = (...args: readonly string[]) => must(['ip', '-n', lab.netns('pod'), ...args]);
  await inPod('route', 'replace', '203.0.113.0/24', 'via', '198.18.1.1');
  await inPod('-6', 'route', 'replace', '2001:db8:ee::/64', 'via', 'fd00:1::1');
  await inPod('route', 'del', 'default');
  await inPod('-6', 'route', 'del', 'default');
  const packets = await lab.packets('ext', 'tcp and (src net 198.18.0.0/15 or src net fd00::/8)');
  const talker = lab.spawn('pod', [process.execPath, '-e', TALKER]);
  const count = (word: string) =>
    talker
      .stdout()
      .split('\n')
      .filter((line) => line === word).length;
  await waitFor('both flows live', () => count('open') === 2, { told: talker.stdout });

  const removed = await lab.init('remove');
  assert.equal(removed.code, 0, outcomeText(removed));
  await waitFor('both flows have ended', () => count('closed') === 2, { told: talker.stdout });
  assert.equal(count('ECONNRESET') + count('EPIPE'), 2, talker.stdout());
  assert.deepEqual((await packets.stop()).lines, []);
  for (const [family, ip] of [
    ['-4', '192.0.2.1'],
    ['-6', '2001:db8::1'],
  ] as const) {
    const left = await inPod(family, 'route', 'show', ip);
    assert.equal(left.stdout, '', 'the route of the question is gone');
  }
  talker.kill('SIGKILL');
});
