import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMetrics, type Readings } from '../../../../agent/admin/metrics.ts';

test('every series is there, with what was counted and what was read', async () => {
  const metrics = createMetrics(readings({ openFlows: () => 3, acceptPaused: () => true, accessLogDropped: () => 9 }));
  metrics.flowEnded('deny', 'not-listed');
  metrics.flowEnded('deny', 'not-listed');
  metrics.flowEnded('allow', 'granted');
  metrics.flowEnded('none', 'no-first-byte');
  metrics.requestEnded(301);
  metrics.requestEnded(999);
  metrics.requestLeased();
  metrics.bytesMoved('to-upstream', 10);
  metrics.bytesMoved('to-upstream', 5);
  metrics.bytesMoved('to-client', 7);
  metrics.dnsAnswered('nxdomain');
  assert.deepEqual(samples(await metrics.text()), [
    'weir_accept_paused 1',
    'weir_access_log_dropped_total 9',
    'weir_bytes_total{direction="to-client"} 7',
    'weir_bytes_total{direction="to-upstream"} 15',
    'weir_config_problems{severity="error"} 2',
    'weir_config_problems{severity="warning"} 1',
    'weir_dns_queries_total{result="nxdomain"} 1',
    'weir_flows_open 3',
    'weir_flows_total{verdict="allow",reason="granted"} 1',
    'weir_flows_total{verdict="deny",reason="not-listed"} 2',
    'weir_flows_total{verdict="none",reason="no-first-byte"} 1',
    'weir_registry_generation 5',
    'weir_requests_leased_total 1',
    'weir_requests_total{status="3xx"} 1',
    'weir_requests_total{status="other"} 1',
  ]);
});

test('what is read is read at each scrape', async () => {
  let dropped = 1;
  const metrics = createMetrics(readings({ accessLogDropped: () => dropped }));
  await metrics.text();
  dropped = 4;
  assert.match(await metrics.text(), /^weir_access_log_dropped_total 4$/m);
});

test('two agents in one process do not share counters', async () => {
  const one = createMetrics(readings({}));
  createMetrics(readings({})).flowEnded('allow', 'granted');
  assert.doesNotMatch(await one.text(), /weir_flows_total\{/);
});

function readings(changes: Partial<Readings>): Readings {
  return {
    openFlows: () => 0,
    acceptPaused: () => false,
    registryGeneration: () => 5,
    configProblems: () => ({ errors: 2, warnings: 1 }),
    accessLogDropped: () => 0,
    ...changes,
  };
}

function samples(text: string): readonly string[] {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return lines.toSorted((a, b) => (a < b ? -1 : 1));
}
