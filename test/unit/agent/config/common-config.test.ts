import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import {
  cidrs,
  commaSeparated,
  parseCommonConfig,
  parseWorkloadName,
  type RawCommonConfig,
} from '../../../../agent/config/common-config.ts';

test('a list may hold several, parted by commas', () => {
  deepEqual(commaSeparated([' a ,,b', '']), ['a', 'b']);
});

test('what is no CIDR is complained about by its option, the others stay', () => {
  const complaints: string[] = [];
  const found = cidrs('--trusted-peers', ['198.18.0.0/15,x', 'fd00::/8'], (message) => void complaints.push(message));
  deepEqual([found.length, complaints], [2, ['--trusted-peers: expected a CIDR, not "x"']]);
});

test('a workload is a namespace and a pod, as Kubernetes names them', () => {
  deepEqual(parseWorkloadName('shop/web-0.a'), { namespace: 'shop', pod: 'web-0.a' });
  for (const text of ['', '/', 'shop', 'shop/', '/web', 'a/b/c', 'sh.op/web', 'shop/-web', 'shop/web_0', 'shop/web\n'])
    equal(parseWorkloadName(text), undefined, JSON.stringify(text));
  equal(parseWorkloadName(`${'a'.repeat(64)}/web`), undefined);
});

const GOOD: RawCommonConfig = {
  config: 'policy/',
  resolver: [],
  accessLog: '/var/log/access',
  accessLogFormat: 'asm',
  clusterCidr: [],
  sniffDeadline: '300',
  firstByteTimeout: '30',
  threads: undefined,
  lease: 'off',
  upstreamTime: false,
};

test('what both roles are set by; without threads one a core', () => {
  deepEqual(parseCommonConfig(GOOD, 3, unexpected), {
    configDir: 'policy/',
    resolvers: [],
    accessLog: { path: '/var/log/access', format: 'asm' },
    clusterCidrs: [],
    sniffDeadlineMs: 300,
    firstByteTimeoutMs: 30_000,
    threads: 3,
    lease: false,
    upstreamTime: false,
  });
  equal(parseCommonConfig({ ...GOOD, threads: '64' }, 3, unexpected)?.threads, 64);
});

function unexpected(message: string): undefined {
  throw new Error(message);
}

test('nothing is left out without a complaint', () => {
  for (const changes of [
    { config: undefined },
    { accessLogFormat: 'xml' },
    { sniffDeadline: '0' },
    { firstByteTimeout: '' },
    { threads: '65' },
    { resolver: ['a.test'] },
    { clusterCidr: ['x'] },
    { lease: '' },
  ]) {
    const complaints: string[] = [];
    parseCommonConfig({ ...GOOD, ...changes }, 3, (message) => void complaints.push(message));
    equal(complaints.length, 1, JSON.stringify(changes));
  }
});
