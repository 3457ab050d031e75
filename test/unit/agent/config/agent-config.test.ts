import { deepEqual, equal, ok } from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { parseAgentConfig, type RawAgentConfig } from '../../../../agent/config/agent-config.ts';

const GOOD: RawAgentConfig = {
  config: 'policy/',
  scope: 'pod',
  netns: ['/run/netns/web'],
  workload: ['shop/web-0'],
  resolver: [],
  accessLog: '-',
  accessLogFormat: 'json',
  port: '15001',
  clusterCidr: [],
  sniffDeadline: '300',
  firstByteTimeout: '30',
  threads: undefined,
  lease: 'on',
  upstreamTime: true,
};

function problemsOf(changes: Partial<RawAgentConfig>): readonly string[] {
  const parsed = parseAgentConfig({ ...GOOD, ...changes }, 2);
  return parsed.ok ? [] : parsed.problems;
}

test('the defaults become a frozen, complete config', () => {
  const parsed = parseAgentConfig(GOOD, 2);
  ok(parsed.ok);
  ok(Object.isFrozen(parsed.value));
  deepEqual(parsed.value, {
    configDir: 'policy/',
    enrolments: [{ netns: '/run/netns/web', namespace: 'shop', pod: 'web-0' }],
    resolvers: [],
    accessLog: { path: '-', format: 'json' },
    port: 15001,
    clusterCidrs: [],
    sniffDeadlineMs: 300,
    firstByteTimeoutMs: 30_000,
    threads: 2,
    lease: true,
    upstreamTime: true,
  });
});

test('lists may be repeated and parted by commas', () => {
  const resolver = ['203.0.113.53, 203.0.113.54:5353', '2001:db8::53', '[2001:db8::54]:5353', '[2001:db8::55]'];
  const parsed = parseAgentConfig({ ...GOOD, resolver, clusterCidr: ['198.18.0.0/15,fd00::/8'] }, 2);
  ok(parsed.ok);
  deepEqual(
    parsed.value.resolvers.map(({ ip, port }) => `${ip} ${port}`),
    ['203.0.113.53 53', '203.0.113.54 5353', '2001:db8::53 53', '2001:db8::54 5353', '2001:db8::55 53'],
  );
  equal(parsed.value.clusterCidrs.length, 2);
});

describe('one wrong option, one problem that names it and what was expected', () => {
  const rows: readonly (readonly [Partial<RawAgentConfig>, RegExp])[] = [
    [{ config: undefined }, /^--config: expected a folder/],
    [{ config: '' }, /^--config: expected a folder/],
    [{ scope: 'node' }, /^--scope node: not built yet/],
    [{ scope: 'host' }, /^--scope host: not built yet/],
    [{ scope: 'galaxy' }, /^--scope: expected pod, node or host, not "galaxy"/],
    [{ netns: [], workload: [] }, /^scope pod needs pairs .* 0 --netns and 0 --workload/],
    [{ workload: [] }, /^scope pod needs pairs .* 1 --netns and 0 --workload/],
    [{ workload: ['web-0'] }, /^--workload: expected NS\/POD .* not "web-0"/],
    [{ workload: ['Shop/web'] }, /^--workload/],
    [{ netns: ['/a', '/a'], workload: ['s/a', 's/b'] }, /^--netns \/a is given twice/],
    [{ resolver: ['a.test'] }, /^--resolver: expected an IP address, not "a.test"/],
    [{ resolver: ['203.0.113.1:0'] }, /^--resolver/],
    [{ resolver: ['[2001:db8::1'] }, /^--resolver/],
    [{ resolver: ['203.0.113.1]'] }, /^--resolver/],
    [{ clusterCidr: ['198.18.0.0/33'] }, /^--cluster-cidr: expected a CIDR, not "198.18.0.0\/33"/],
    [{ accessLogFormat: 'xml' }, /^--access-log-format: expected one of json, asm, envoy-text, istio-1.0, not "xml"/],
    [{ port: '0' }, /^--port: expected a port/],
    [{ port: '70000' }, /^--port: expected a port/],
    [{ sniffDeadline: '0' }, /^--sniff-deadline: expected 1 to 60000 milliseconds, not "0"/],
    [{ sniffDeadline: '1.5' }, /^--sniff-deadline/],
    [{ sniffDeadline: '' }, /^--sniff-deadline/],
    [{ firstByteTimeout: '3601' }, /^--first-byte-timeout: expected 1 to 3600 seconds/],
    [{ threads: '65' }, /^--threads: expected 1 to 64 threads/],
    [{ threads: '-1' }, /^--threads/],
    [{ lease: '' }, /^--lease: expected on or off, not ""/],
    [{ lease: 'On' }, /^--lease: expected on or off, not "On"/],
  ];
  for (const [changes, expected] of rows) {
    test(JSON.stringify(changes), () => {
      const problems = problemsOf(changes);
      equal(problems.length, 1, problems.join('\n'));
      ok(expected.test(problems[0] ?? ''), problems[0]);
    });
  }
});

test('leases and the field of the service time can be switched off', () => {
  const parsed = parseAgentConfig({ ...GOOD, lease: 'off', upstreamTime: false }, 2);
  ok(parsed.ok);
  deepEqual([parsed.value.lease, parsed.value.upstreamTime], [false, false]);
});

test('every problem is told at once', () => {
  equal(problemsOf({ config: '', port: 'x', threads: 'x', sniffDeadline: 'x', resolver: ['x', 'y'] }).length, 6);
});

test('whatever is written, there is a config or at least one problem', () => {
  const text = fc.string();
  fc.assert(
    fc.property(fc.record({ port: text, threads: text, scope: text, workload: fc.array(text) }), (changes) => {
      const parsed = parseAgentConfig({ ...GOOD, ...changes }, 2);
      ok(parsed.ok || parsed.problems.length > 0);
    }),
  );
});
