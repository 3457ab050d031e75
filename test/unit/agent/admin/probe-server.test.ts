import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { describe, test } from 'node:test';
import { createMetrics } from '../../../../agent/admin/metrics.ts';
import { startMetricsServer } from '../../../../agent/admin/metrics-server.ts';
import type { Started } from '../../../../agent/admin/probe-server.ts';
import { startReadinessServer } from '../../../../agent/admin/readiness-server.ts';

const HOSTS = ['127.0.0.1', '[::1]'];

test('metrics are served on both paths, over both families', async () => {
  const metrics = createMetrics({
    openFlows: () => 1,
    acceptPaused: () => false,
    registryGeneration: () => 1,
    configProblems: () => ({ errors: 0, warnings: 0 }),
    accessLogDropped: () => 0,
  });
  const server = listening(await startMetricsServer({ port: 0, metrics }));
  for (const host of HOSTS) {
    for (const path of ['/metrics', '/stats/prometheus', '/metrics?x=1']) {
      const response = await fetch(`http://${host}:${server.port}${path}`);
      assert.equal(response.status, 200);
      assert.match(response.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
      assert.match(await response.text(), /^weir_flows_open 1$/m);
    }
  }
  await server.close();
});

describe('readiness', () => {
  test('503 names what is pending, then 200', async () => {
    const pending = ['registry', 'listener default/sleep'];
    const server = listening(await startReadinessServer({ port: 0, pending: () => pending }));
    assert.deepEqual(await get(server.port, '/healthz/ready'), [
      503,
      'not ready, pending: registry, listener default/sleep\n',
    ]);
    pending.length = 0;
    assert.deepEqual(await get(server.port, '/healthz/ready'), [200, 'ready\n']);
    await server.close();
  });

  test('other paths and methods are refused, HEAD has no body', async () => {
    const server = listening(await startReadinessServer({ port: 0, pending: () => [] }));
    const url = `http://127.0.0.1:${server.port}/healthz/ready`;
    assert.deepEqual(await get(server.port, '/'), [404, 'not found\n']);
    assert.equal((await fetch(url, { method: 'POST', body: 'x' })).status, 405);
    const head = await fetch(url, { method: 'HEAD' });
    assert.deepEqual([head.status, head.headers.get('content-length'), await head.text()], [200, '6', '']);
    await server.close();
  });
});

test('a port that is taken is a warning, not a failure', async () => {
  const first = listening(await startReadinessServer({ port: 0, pending: () => [] }));
  const second = await startReadinessServer({ port: first.port, pending: () => [] });
  assert.equal(second.kind, 'unavailable');
  assert.match(second.kind === 'unavailable' ? second.warning : '', /^no readiness on port \d+: .*EADDRINUSE/);
  await first.close();
});

test('close does not wait for a prober that keeps its connection', async () => {
  const server = listening(await startReadinessServer({ port: 0, pending: () => [] }));
  const idle = connect({ host: '127.0.0.1', port: server.port });
  await new Promise<void>((resolve) => idle.once('connect', () => resolve()));
  const began = performance.now();
  await server.close();
  assert.ok(performance.now() - began < 1_000);
  idle.destroy();
});

async function get(port: number, path: string): Promise<readonly [number, string]> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`);
  return [response.status, await response.text()];
}

function listening(started: Started): Started & { kind: 'listening' } {
  if (started.kind !== 'listening') throw new Error(started.warning);
  return started;
}
