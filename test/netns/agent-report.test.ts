/** Invariant 5: one accepted connection, one access line; a refusal names its reason. Cases A05, A08–A10. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Agent } from '../support/lab/agent.ts';
import { meshMode, serviceEntry } from '../support/lab/captured.ts';
import { type Lab, makeLab } from '../support/lab/lab.ts';
import { outcomeText } from '../support/lab/run.ts';
import { waitFor } from '../support/lab/wait.ts';

const CONFIG = {
  'aliyun.yaml': serviceEntry({ hosts: ['aliyun.com'], ports: [[80, 'HTTP']] }),
  'tls.yaml': serviceEntry({ hosts: ['httpbin.org'], ports: [[443, 'TLS']] }),
  'db.yaml': serviceEntry({ hosts: ['db.test'], ports: [[3306, 'TCP']] }),
  'mesh.yaml': meshMode('REGISTRY_ONLY'),
};

const ASM_KEYS = [
  'authority',
  'bytes_received',
  'bytes_sent',
  'downstream_local_address',
  'downstream_remote_address',
  'duration',
  'istio_policy_status',
  'method',
  'path',
  'protocol',
  'request_id',
  'requested_server_name',
  'response_code',
  'response_flags',
  'route_name',
  'start_time',
  'trace_id',
  'upstream_cluster',
  'upstream_host',
  'upstream_local_address',
  'upstream_service_time',
  'upstream_transport_failure_reason',
  'user_agent',
  'x_forwarded_for',
] as const;
const OWN_KEYS = ['matched', 'reason', 'registry', 'source_namespace', 'source_workload', 'verdict'] as const;

let lab: Lab;
let agent: Agent;
before(async () => {
  lab = await makeLab();
  agent = await lab.startAgent({ config: CONFIG });
  await lab.applyInit();
});
after(() => lab.close());

test('A05, A08–A10: the line of a request has the keys, types and values that the seeds show', async () => {
  const outcome = await lab.curl('pod', '-4', '-sSI', 'http://aliyun.com/a?b=c');
  assert.equal(outcome.code, 0, outcomeText(outcome));
  const line = await lab.accessLine((each) => each['authority'] === 'aliyun.com');
  assert.deepEqual(Object.keys(line).toSorted(), [...ASM_KEYS, ...OWN_KEYS].toSorted());
  const pod = lab.pod();
  const expected = {
    method: 'HEAD',
    path: '/a?b=c',
    protocol: 'HTTP/1.1',
    response_code: 301,
    response_flags: '-',
    bytes_sent: 0,
    bytes_received: 0,
    upstream_cluster: 'outbound|80||aliyun.com',
    x_forwarded_for: pod.v4,
    downstream_local_address: '203.0.113.12:80',
    trace_id: null,
    requested_server_name: null,
    route_name: null,
    upstream_transport_failure_reason: null,
    istio_policy_status: null,
    source_namespace: 'default',
    source_workload: 'sleep',
    verdict: 'allow',
    reason: 'granted',
    matched: ['ServiceEntry default/aliyun.com'],
  };
  for (const [key, value] of Object.entries(expected)) assert.deepEqual(line[key], value, key);
  assert.match(String(line['upstream_host']), /^(203\.0\.113\.12|\[2001:db8:ee::12\]):80$/);
  assert.match(String(line['downstream_remote_address']), new RegExp(`^${pod.v4}:\\d+$`));
  assert.match(String(line['upstream_service_time']), /^\d+$/);
  assert.match(String(line['request_id']), /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  assert.match(String(line['start_time']), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.match(String(line['user_agent']), /^curl\//);
  assert.equal(typeof line['duration'], 'number');
});

test('A31: a body is counted without its head', async () => {
  await lab.curl('pod', '-sS', 'http://aliyun.com/counted');
  const line = await lab.accessLine((each) => each['path'] === '/counted');
  assert.deepEqual([line['method'], line['bytes_sent'], line['bytes_received']], ['GET', 239, 0]);
});

test('every connection has its line, whatever became of it', async () => {
  const before = lab.accessLines().length;
  const calls = [
    ['http://aliyun.com/'],
    ['http://other.test/'],
    ['https://httpbin.org/get'],
    ['https://other.test/'],
    ['--max-time', '2', 'telnet://db.test:3306'],
    ['--max-time', '2', 'telnet://echo.test:8078'],
    ['-H', 'Host: a b', 'http://aliyun.com/'],
    ['--connect-timeout', '2', 'http://[2001:db8:ee::19]/'],
  ];
  await Promise.all(calls.map((args) => lab.curl('pod', '-sS', ...args)));
  await waitFor('a line each', () => lab.accessLines().length >= before + calls.length, {
    told: () => readFileSync(lab.accessLog, 'utf8') + agent.stderr(),
  });
  const lines = lab.accessLines().slice(before);
  assert.equal(lines.length, calls.length, JSON.stringify(lines, undefined, 1));
  for (const line of lines)
    assert.ok(typeof line['reason'] === 'string' && line['reason'] !== 'internal', JSON.stringify(line));
});

test('metrics count by stable codes only; readiness tells', async () => {
  const metrics = await lab.exec('node', ['curl', '-sS', 'http://127.0.0.1:15020/metrics']);
  assert.match(metrics.stdout, /^weir_flows_total\{verdict="allow",reason="granted"\} [1-9]/m, outcomeText(metrics));
  assert.match(metrics.stdout, /^weir_flows_total\{verdict="deny",reason="not-listed"\} [1-9]/m);
  assert.match(metrics.stdout, /^weir_registry_generation [1-9]/m);
  assert.doesNotMatch(metrics.stdout, /aliyun|other\.test/);
  assert.match((await lab.exec('node', ['curl', '-sS', 'http://[::1]:15021/healthz/ready'])).stdout, /^ready/);
});

test('a namespace that is not there ends the start with 69 and one sentence', async () => {
  const script = fileURLToPath(new URL('../../scripts/weir-agent', import.meta.url));
  const enrol = ['--netns', '/run/netns/weir-is-not-there', '--workload', 'default/sleep'];
  const outcome = await lab.exec('node', [script, 'run', '--config', lab.config, ...enrol]);
  assert.equal(outcome.code, 69, outcomeText(outcome));
  assert.match(
    outcome.stderr,
    /^weir-agent: default\/sleep: cannot listen in \/run\/netns\/weir-is-not-there, .*ENOENT$/m,
  );
});

describe('formats, and the last lines before the end', () => {
  const formats = {
    asm: /^\{.*"authority":"aliyun\.com".*\}$/,
    'envoy-text': /^\[[^\]]+\] "HEAD \/last HTTP\/1\.1" 301 - .* outbound\|80\|\|aliyun\.com .*$/,
    'istio-1.0':
      /^\[[^\]]+\] "HEAD \/last HTTP\/1\.1" 301 - 0 0 \d+ \d+ "198\.18\.1\.2" "curl\/[^"]*" "[0-9a-f-]{36}" "aliyun\.com" "[^"]+:80" outbound\|80\|\|aliyun\.com \S+ 203\.0\.113\.12:80 198\.18\.1\.2:\d+ -$/,
  } as const;
  for (const [format, pattern] of Object.entries(formats)) {
    test(`${format}, on standard output, complete after SIGTERM`, async () => {
      await agent.stop();
      const script = fileURLToPath(new URL('../../scripts/weir-agent', import.meta.url));
      const enrol = ['--netns', `/run/netns/${lab.pod().netns}`, '--workload', 'default/sleep'];
      const running = lab.spawn('node', [
        script,
        'run',
        '--config',
        lab.config,
        ...enrol,
        '--access-log-format',
        format,
      ]);
      await waitFor('the agent is ready', () => running.stderr().includes('ready'), { told: running.stderr });
      await lab.curl('pod', '-4', '-sSI', 'http://aliyun.com/last');
      running.kill('SIGTERM');
      assert.equal(await running.ended, 0, running.stderr());
      const line = running.stdout().trimEnd();
      assert.match(line, pattern);
      if (format !== 'asm') return;
      const keys: unknown = JSON.parse(line);
      assert.ok(typeof keys === 'object' && keys !== null);
      assert.deepEqual(Object.keys(keys).toSorted(), [...ASM_KEYS].toSorted());
    });
  }
});
