import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { client, dialTo, origin } from '../support/loopback.ts';
import { LoggedMover, readAll } from '../support/mover-log.ts';
import { until } from '../support/until.ts';

test('what is held can be changed in both directions', async (t) => {
  const log = new LoggedMover(t);
  const to = await origin(t, (socket) => socket.on('data', (data) => socket.write(`<${data.toString()}>`)));
  log.onAccept = ({ flow }) => log.mover.inspect(flow, 'client', 5, 2_000);
  log.onEvent = ({ flow }, name) => {
    if (name !== 'held') return;
    log.mover.edit(flow, 'client', 4, 2, Buffer.from('a longer'));
    log.mover.edit(flow, 'client', 100, 0, Buffer.from('beyond what is held'));
    log.mover.forward(flow, 'client', 12, 'reached');
    log.mover.dial(flow, dialTo(to));
  };
  const socket = client(log.listen().port);
  socket.write('ask a?');
  const { flow, gates, held } = await log.until((logged) => logged.gates.length === 1);
  assert.deepEqual(gates[0], { side: 'client', text: '', ended: false, passed: 12 });
  log.onEvent = () => undefined;
  log.mover.inspect(flow, 'upstream', 13, 2_000);
  await log.until(() => held.length === 2);
  assert.equal(held[1]?.text, '<ask a longer>');
  log.mover.edit(flow, 'upstream', 1, 0, Buffer.from('said: '));
  log.mover.edit(flow, 'upstream', 0, 1, new Uint8Array(0));
  log.mover.forward(flow, 'upstream', 19, 'reached');
  await log.until(() => gates.length === 2);
  assert.throws(() => log.mover.edit(flow, 'client', 0, 0, new Uint8Array(16_385)), RangeError);
  log.mover.close(flow, 'fin');
  assert.equal((await readAll(socket)).text, 'said: ask a longer>');
  socket.end();
});

test('an upstream that ends between two requests is lost, and another one takes its place', async (t) => {
  const log = new LoggedMover(t);
  const seen: string[] = [];
  const to = await origin(t, (socket) => {
    socket.on('data', (data) => {
      seen.push(data.toString());
      socket.end(`to ${data.toString()}`);
    });
  });
  log.onAccept = ({ flow }) => {
    log.mover.dial(flow, dialTo(to));
    log.mover.forward(flow, 'client', 5, 'held');
    log.mover.forward(flow, 'upstream', 8, 'reached');
  };
  const socket = client(log.listen().port);
  socket.write('firstsecondthird');
  const { flow, gates, lost, order } = await log.until((logged) => logged.lost.length === 1);
  assert.deepEqual(lost, [{ reset: false, passed: 5 }]);
  assert.deepEqual(order, ['dialed', 'gate', 'gate', 'lost']);
  assert.deepEqual(gates[0], { side: 'client', text: 'secondthird', ended: false, passed: 5 });
  log.mover.forward(flow, 'client', 6, 'reached');
  log.mover.forward(flow, 'upstream', 15, 'reached');
  log.mover.dial(flow, { ...dialTo(to), preamble: Buffer.from('PROXY ') });
  await log.until(() => lost.length === 2);
  assert.deepEqual(lost[1], { reset: false, passed: 11 });
  log.mover.inspect(flow, 'client', 4, 2_000);
  await log.until((logged) => logged.held.length === 1);
  log.mover.respond(flow, Buffer.from(' and sorry'));
  assert.equal((await readAll(socket)).text, 'to firstto PROXY second and sorry');
  socket.end();
  const { held, closed } = await log.until((logged) => logged.closed.length === 1);
  assert.equal(held[0]?.text, 'third');
  assert.deepEqual([closed[0]?.toUpstream, closed[0]?.upstream], [11, 'fin']);
  assert.equal(seen.join('|'), 'first|PROXY second');
});

test('a dial replaces an upstream that lives', async (t) => {
  const log = new LoggedMover(t);
  const ended: string[] = [];
  const serve = (name: string) => (socket: Socket) =>
    void socket.on('data', () => socket.write(name)).on('end', () => ended.push(name));
  const first = await origin(t, serve('first'));
  const second = await origin(t, serve('second'));
  log.onAccept = ({ flow }) => {
    log.mover.dial(flow, dialTo(first));
    log.mover.forward(flow, 'client', 1, 'held');
    log.mover.forward(flow, 'upstream', 5, 'reached');
  };
  const socket = client(log.listen().port);
  socket.write('1');
  const { flow, gates, lost } = await log.until((logged) => logged.gates.length === 1);
  socket.write('2');
  await log.until(() => gates.length === 2);
  log.mover.dial(flow, dialTo(second));
  log.mover.forward(flow, 'client', 1, 'reached');
  log.mover.forward(flow, 'upstream', 6, 'reached');
  await log.until(() => gates.length === 4);
  await until(() => ended.length === 1);
  assert.deepEqual(ended, ['first']);
  log.mover.close(flow, 'fin');
  assert.equal((await readAll(socket)).text, 'firstsecond');
  socket.end();
  const { closed } = await log.until((logged) => logged.closed.length === 1);
  assert.deepEqual([lost.length, closed[0]?.toUpstream, closed[0]?.toClient], [0, 2, 11]);
});
