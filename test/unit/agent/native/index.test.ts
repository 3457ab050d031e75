import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { SystemError, startMover } from '../../../../agent/native/index.ts';
import { client, dialTo, origin } from '../../../support/loopback.ts';
import { LOOPBACK, LoggedMover, readAll } from '../../../support/mover-log.ts';
import { until } from '../../../support/until.ts';

for (const family of [4, 6] as const) {
  test(`v${family}: a flow that TypeScript allows on its first bytes`, async (t) => {
    const log = new LoggedMover(t);
    const to = await origin(
      t,
      (socket) => socket.on('data', (data) => socket.end(`got ${data.toString()}`)),
      LOOPBACK[family],
    );
    log.onAccept = ({ flow }) => log.mover.inspect(flow, 'client', 0, 2_000);
    log.onEvent = ({ flow }, name) => {
      if (name !== 'held') return;
      log.mover.dial(flow, dialTo(to, family));
      log.mover.forward(flow, 'client', 'all', 'held');
      log.mover.forward(flow, 'upstream', 'all', 'held');
    };
    const listening = log.listen(family);
    const socket = client(listening.port, LOOPBACK[family]);
    socket.write('hello');
    assert.deepEqual(await readAll(socket), { text: 'got hello', error: undefined });
    socket.end();
    const { accepted, held, dialed, closed, order } = await log.until((flow) => flow.closed.length > 0);
    assert.deepEqual(order, ['held', 'dialed', 'closed']);
    assert.equal(accepted.listener, listening.id);
    assert.deepEqual(accepted.local, { ip: LOOPBACK[family], port: listening.port });
    assert.equal(accepted.peer.ip, LOOPBACK[family]);
    assert.equal(held[0]?.text, 'hello');
    assert.equal(dialed[0]?.error, undefined);
    assert.equal(dialed[0]?.local?.ip, LOOPBACK[family]);
    const [end] = closed;
    assert.ok(end);
    assert.deepEqual(
      [end.cause, end.client, end.upstream, end.toUpstream, end.toClient],
      ['ended', 'fin', 'fin', 5, 9],
    );
    assert.ok(end.atAccepted <= end.atConnected && end.atConnected <= end.atFirstUpstreamByte);
    assert.ok(end.atFirstUpstreamByte <= end.atClosed);
    const now = Number(process.hrtime.bigint() / 1_000n);
    assert.ok(now - end.atClosed >= 0 && now - end.atAccepted < 10_000_000, 'microseconds of CLOCK_MONOTONIC');
    assert.deepEqual(log.mover.stats(), { flows: 0, heldBytes: 0, paused: false });
  });
}

test('a refusal is a complete answer, however large', async (t) => {
  const log = new LoggedMover(t);
  const answer = `HTTP/1.1 502 Bad Gateway\r\n\r\n${'x'.repeat(200_000)}`;
  log.onAccept = ({ flow }) => log.mover.respond(flow, Buffer.from(answer));
  const socket = client(log.listen().port);
  socket.write('GET / HTTP/1.1\r\n\r\n');
  const got = await readAll(socket);
  assert.equal(got.error, undefined);
  assert.equal(got.text.length, answer.length);
  assert.ok(got.text === answer);
  socket.end('more that nobody reads');
  const { closed } = await log.until((flow) => flow.closed.length > 0);
  assert.equal(closed[0]?.cause, 'responded');
  assert.equal(closed[0]?.upstream, 'none');
});

test('a dial that fails leaves the client held, for the next address', async (t) => {
  const log = new LoggedMover(t);
  const nobody = await origin(t, () => undefined);
  const to = await origin(t, (socket) => socket.on('data', (data) => socket.end(data)));
  log.onAccept = ({ flow }) => {
    log.mover.forward(flow, 'client', 'all', 'held');
    log.mover.forward(flow, 'upstream', 'all', 'held');
    log.mover.dial(flow, { ...dialTo(nobody), to: { ip: LOOPBACK[6], port: nobody } });
  };
  log.onEvent = ({ flow, dialed }) => {
    if (dialed.length === 1 && dialed[0]?.error) log.mover.dial(flow, dialTo(to));
  };
  const socket = client(log.listen().port);
  socket.write('asked once');
  assert.equal((await readAll(socket)).text, 'asked once');
  socket.end();
  const { dialed } = await log.until((flow) => flow.closed.length > 0);
  assert.deepEqual(
    dialed.map((event) => event.error),
    ['ECONNREFUSED', undefined],
  );
});

test('per-request gate: head and body pass, the next head is held', async (t) => {
  const log = new LoggedMover(t);
  const seen: string[] = [];
  const to = await origin(t, (socket) => socket.on('data', (data) => seen.push(data.toString())));
  log.onAccept = ({ flow }) => {
    log.mover.dial(flow, dialTo(to));
    log.mover.forward(flow, 'client', 5, 'held');
    log.mover.forward(flow, 'upstream', 'all', 'held');
  };
  const socket = client(log.listen().port);
  socket.write('firstsecond');
  const { flow, gates } = await log.until((logged) => logged.gates.length === 1);
  assert.deepEqual(gates[0], { side: 'client', text: 'second', ended: false, passed: 5 });
  log.mover.forward(flow, 'client', 3, 'reached');
  await log.until((logged) => logged.gates.length === 2);
  assert.deepEqual(gates[1], { side: 'client', text: 'ond', ended: false, passed: 8 });
  log.mover.close(flow, 'fin');
  await readAll(socket);
  socket.end();
  const { closed } = await log.until((logged) => logged.closed.length === 1);
  assert.equal(closed[0]?.toUpstream, 8);
  assert.equal(seen.join(''), 'firstsec');
});

test('observed copies are complete and come before closed', async (t) => {
  const log = new LoggedMover(t);
  const body = 'y'.repeat(700_000);
  const to = await origin(t, (socket) => socket.end(body));
  log.onAccept = ({ flow }) => {
    log.mover.observe(flow, 'upstream', true);
    log.mover.forward(flow, 'client', 'all', 'held');
    log.mover.forward(flow, 'upstream', 'all', 'held');
    log.mover.dial(flow, dialTo(to));
  };
  const socket = client(log.listen().port);
  assert.ok((await readAll(socket)).text === body);
  socket.end();
  const { observed, order } = await log.until((flow) => flow.closed.length > 0);
  assert.ok(observed.map((event) => event.text).join('') === body);
  assert.equal(order.at(-1), 'closed');
});

test('a preamble goes ahead of the held bytes and is not counted', async (t) => {
  const log = new LoggedMover(t);
  const to = await origin(t, (socket) => socket.pipe(socket));
  log.onAccept = ({ flow }) => {
    log.mover.dial(flow, { ...dialTo(to), preamble: Buffer.from('PROXY!') });
    log.mover.forward(flow, 'client', 'all', 'held');
    log.mover.forward(flow, 'upstream', 'all', 'held');
  };
  const socket = client(log.listen().port);
  socket.end('body');
  assert.equal((await readAll(socket)).text, 'PROXY!body');
  const { closed } = await log.until((flow) => flow.closed.length > 0);
  assert.deepEqual([closed[0]?.toUpstream, closed[0]?.toClient], [4, 10]);
});

test('one exclusive listener is shared by all threads, and nobody else can bind it', async (t) => {
  const log = new LoggedMover(t);
  log.onAccept = ({ flow }) => log.mover.respond(flow, Buffer.from('ok'));
  const { port: bound, id } = log.listen(4, 'exclusive');
  const sockets = Array.from({ length: 40 }, () => client(bound));
  const texts = await Promise.all(
    sockets.map(async (socket) => {
      socket.end('x');
      return (await readAll(socket)).text;
    }),
  );
  assert.deepEqual(texts, Array<string>(40).fill('ok'));
  const again = { netns: undefined, ip: LOOPBACK[4], port: bound, transparent: false } as const;
  assert.throws(() => log.mover.listen({ ...again, sharing: 'per-thread' }), { code: 'EADDRINUSE' });
  log.mover.unlisten(id);
  assert.equal((await readAll(client(bound))).error, 'ECONNREFUSED');
  const reopened = log.mover.listen({ ...again, sharing: 'exclusive' });
  assert.equal(reopened.port, bound);
  assert.notEqual(reopened.id, id, 'a flow of the old listener could be taken for one of the new');
});

test('accepting pauses at the limit of flows and goes on when one ends', async (t) => {
  const log = new LoggedMover(t, { threads: 1, maxFlowsPerThread: 2 });
  const { port: bound } = log.listen();
  const sockets = [client(bound), client(bound), client(bound)].map((socket) => socket.on('error', () => undefined));
  const second = await log.until(() => log.flows.length === 2);
  assert.ok(second);
  await until(() => log.mover.stats().paused);
  assert.equal(log.mover.stats().flows, 2);
  log.mover.close(second.flow, 'rst');
  await log.until(() => log.flows.length === 3);
  for (const socket of sockets) socket.destroy();
});

test('verbs for a flow that has ended do nothing, also when its slot lives again', async (t) => {
  const log = new LoggedMover(t, { threads: 1, maxFlowsPerThread: 1 });
  const { port: bound } = log.listen();
  const first = client(bound).on('error', () => undefined);
  const { flow: old } = await log.until(() => log.flows.length === 1);
  log.mover.close(old, 'rst');
  await log.until((flow) => flow.closed.length === 1);
  const second = client(bound);
  const { flow } = await log.until((logged) => logged.flow !== old);
  assert.equal(flow.slot, old.slot);
  log.mover.respond(old, Buffer.from('to the wrong one'));
  log.mover.respond(flow, Buffer.from('right'));
  second.end();
  assert.equal((await readAll(second)).text, 'right');
  first.destroy();
});

test('what throws in a callback reaches uncaughtException and costs no other flow anything', async () => {
  const program = fileURLToPath(new URL('../../../support/fixture-programs/throwing-owner.ts', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [program], { timeout: 10_000 });
  assert.deepEqual(stdout.trim().split('\n').sort(), [
    'client 0: reset',
    'client 1: served',
    'client 2: served',
    'uncaught: accept 0',
    'uncaught: held 1',
  ]);
});

test('stop resets what lives, delivers every closed, and the process may exit', async (t) => {
  const log = new LoggedMover(t);
  const { port: bound } = log.listen();
  const sockets = [client(bound), client(bound)];
  const ended = sockets.map((socket) => readAll(socket));
  for (const socket of sockets) socket.write('x');
  await log.until(() => log.flows.length === 2);
  await log.mover.stop();
  assert.deepEqual(
    log.flows.map(({ closed }) => closed[0]?.cause),
    ['stopped', 'stopped'],
  );
  assert.deepEqual(
    (await Promise.all(ended)).map(({ error }) => error),
    ['ECONNRESET', 'ECONNRESET'],
  );
  assert.equal((await readAll(client(bound))).error, 'ECONNREFUSED');
  await log.mover.stop();
});

test('a process that exits without stop ends at once, with its own code', async () => {
  const program = fileURLToPath(new URL('../../../support/fixture-programs/exiting-owner.ts', import.meta.url));
  await assert.rejects(promisify(execFile)(process.execPath, [program], { timeout: 10_000 }), { code: 7, stderr: '' });
});

test('what the kernel refuses is a SystemError with its code', (t) => {
  const { mover } = new LoggedMover(t);
  const at = { ip: LOOPBACK[4], port: 0, sharing: 'exclusive', transparent: false } as const;
  assert.throws(
    () => mover.listen({ ...at, netns: '/nowhere' }),
    (thrown) => thrown instanceof SystemError && thrown.code === 'ENOENT',
  );
  assert.throws(() => mover.listen({ ...at, netns: '/proc/self/ns/mnt' }), { code: 'EINVAL' });
  assert.throws(() => mover.openNetns('/proc/self/ns/mnt'), { code: 'EINVAL' });
  assert.throws(
    () =>
      startMover({ threads: 0, maxFlowsPerThread: 1, maxHeldBytes: 1, halfCloseMs: 1, lingerMs: 1 }, () =>
        assert.fail(),
      ),
    { code: 'EINVAL' },
  );
});

test("the machine's own addresses are told", (t) => {
  const { mover } = new LoggedMover(t);
  assert.ok(mover.localAddresses().includes(LOOPBACK[4]));
});
