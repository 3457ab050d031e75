import { deepEqual, equal, ok } from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseGatewayConfig, type RawGatewayConfig } from '../../../../agent/config/gateway-config.ts';

const GOOD: RawGatewayConfig = {
  config: 'policy/',
  name: 'istio-system/egress-0',
  labels: [],
  clusterCidr: ['198.18.0.0/15'],
  trustedPeers: [],
  forwardClientAddress: false,
  forwardRequestId: false,
  allowLocalEndpoints: false,
  resolver: [],
  accessLog: '-',
  accessLogFormat: 'json',
  sniffDeadline: '300',
  firstByteTimeout: '30',
  threads: undefined,
  lease: 'on',
  upstreamTime: true,
};

test('the defaults: no labels of its own, nobody trusted, nothing forwarded, no loopback', () => {
  const parsed = parseGatewayConfig(GOOD, 2);
  ok(parsed.ok && Object.isFrozen(parsed.value));
  const { namespace, name, labels, trustedPeers, forward, localEndpoints, clusterCidrs } = parsed.value;
  deepEqual([namespace, name, labels], ['istio-system', 'egress-0', undefined]);
  deepEqual([trustedPeers, forward, localEndpoints], [[], { clientAddress: false, requestId: false }, false]);
  equal(clusterCidrs.length, 1);
});

test('labels, trusted peers and what is forwarded', () => {
  const labels = ['istio=egressgateway,app.kubernetes.io/name=gw', 'empty='];
  const parsed = parseGatewayConfig({ ...GOOD, labels, trustedPeers: ['203.0.113.1'], forwardRequestId: true }, 2);
  ok(parsed.ok);
  deepEqual(parsed.value.labels, { istio: 'egressgateway', 'app.kubernetes.io/name': 'gw', empty: '' });
  deepEqual([parsed.value.trustedPeers.length, parsed.value.forward.requestId], [1, true]);
});

test('without a cluster that has to be said', () => {
  const parsed = parseGatewayConfig({ ...GOOD, clusterCidr: ['none'] }, 2);
  ok(parsed.ok);
  deepEqual(parsed.value.clusterCidrs, []);
});

describe('one wrong option, one problem that names it and what was expected', () => {
  const rows: readonly (readonly [Partial<RawGatewayConfig>, RegExp])[] = [
    [{ name: undefined }, /^--name: expected NS\/NAME/],
    [{ name: 'gateway' }, /^--name: expected NS\/NAME, not "gateway"/],
    [{ clusterCidr: [] }, /^--cluster-cidr: expected the cluster's pod and service ranges, or none/],
    [{ clusterCidr: ['none,198.18.0.0/15'] }, /^--cluster-cidr: expected none alone/],
    [{ labels: ['istio'] }, /^--labels: expected KEY=VALUE, not "istio"/],
    [{ trustedPeers: ['node'] }, /^--trusted-peers: expected a CIDR, not "node"/],
    [{ threads: '0' }, /^--threads/],
  ];
  for (const [changes, expected] of rows) {
    test(JSON.stringify(changes), () => {
      const parsed = parseGatewayConfig({ ...GOOD, ...changes }, 2);
      const problems = parsed.ok ? [] : parsed.problems;
      equal(problems.length, 1, problems.join('\n'));
      ok(expected.test(problems[0] ?? ''), problems[0]);
    });
  }
});
