import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { type Page, type Started, startProbeServer, text } from '../../../../agent/admin/probe-server.ts';
import { listening } from '../../../support/probe-listening.ts';
import { until } from '../../../support/until.ts';

test('a port that is taken is a warning, not a failure', async () => {
  const first = listening(await start(0));
  const second = await start(first.port);
  assert.equal(second.kind, 'unavailable');
  assert.match(second.kind === 'unavailable' ? second.warning : '', /^no test page on port \d+: .*EADDRINUSE/);
  await first.close();
});

test('close does not wait for a prober that keeps its connection', async () => {
  const server = listening(await start(0));
  const idle = connect({ host: '127.0.0.1', port: server.port });
  await new Promise<void>((resolve) => idle.once('connect', () => resolve()));
  const began = performance.now();
  await server.close();
  assert.ok(performance.now() - began < 1_000);
  idle.destroy();
});

test('no more connections than the limit, so that probers cannot use up descriptors', async () => {
  const server = listening(await start(0));
  let refused = 0;
  const sockets = Array.from({ length: 80 }, () =>
    connect({ host: '127.0.0.1', port: server.port })
      .on('close', () => refused++)
      .on('error', () => undefined),
  );
  await until(() => refused === 80 - 64);
  for (const socket of sockets) socket.destroy();
  await server.close();
});

test('a page whose making fails is a 500, and the next one is served', async () => {
  let failing = true;
  const pages = (): Promise<Page> => (failing ? Promise.reject(new Error('broken')) : Promise.resolve(text(200, 'ok')));
  const server = listening(await startProbeServer('test page', 0, pages));
  assert.equal((await fetch(`http://127.0.0.1:${server.port}/`)).status, 500);
  failing = false;
  assert.equal((await fetch(`http://127.0.0.1:${server.port}/`)).status, 200);
  await server.close();
});

function start(port: number): Promise<Started> {
  return startProbeServer('test page', port, () => text(200, 'ok'));
}
