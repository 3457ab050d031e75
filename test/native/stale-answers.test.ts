import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { client, dialTo, origin } from '../support/loopback.ts';
import { LoggedMover } from '../support/mover-log.ts';
import { until } from '../support/until.ts';

test('what a replaced upstream said is never taken for the words of the next', async (t) => {
  const log = new LoggedMover(t, { threads: 1 });
  const first: Socket[] = [];
  const to = await origin(t, (socket) => first.push(socket));
  const other = await origin(t, (socket) => socket.on('data', () => socket.write('asked')));
  log.onAccept = ({ flow }) => {
    log.mover.dial(flow, dialTo(to));
    log.mover.forward(flow, 'client', 1, 'held');
  };
  const socket = client(log.listen().port);
  socket.on('error', () => undefined); // the mover resets what lives when it stops
  t.after(() => socket.destroy());
  socket.write('1');
  const { flow, held, gates } = await log.until(({ dialed }) => dialed.length === 1);
  await until(() => first.length === 1);
  log.mover.inspect(flow, 'upstream', 0, 10_000);
  await until(() => log.mover.stats().heldBytes === 0);
  await new Promise((resolve) => setImmediate(resolve)); // the question has left

  // In one turn of JavaScript: both sides speak, the mover holds it, and the owner, who has not heard, dials another.
  first[0]?.write('unasked');
  socket.write('2');
  const limit = performance.now() + 2_000;
  while (log.mover.stats().heldBytes < 'unasked2'.length) assert.ok(performance.now() < limit, 'nothing was held');
  log.mover.dial(flow, dialTo(other));
  log.mover.forward(flow, 'client', 1, 'reached');
  log.mover.inspect(flow, 'upstream', 0, 10_000);

  await log.until(() => held.length > 0 && gates.length > 0);
  assert.deepEqual([held[0]?.text, gates[0]?.passed], ['asked', 2]);
});
