import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMetrics } from '../../../../agent/admin/metrics.ts';
import { startMetricsServer } from '../../../../agent/admin/metrics-server.ts';
import { listening } from '../../../support/probe-listening.ts';

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
