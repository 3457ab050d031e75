import { deepEqual, equal, ok } from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
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
    [{ config: '' }, /^--config: expected a folder/],
    [{ name: 'Shop/gw' }, /^--name: expected NS\/NAME, not "Shop\/gw"/],
    [{ clusterCidr: ['198.18.0.0/15,none'] }, /^--cluster-cidr: expected none alone/],
    [{ clusterCidr: ['198.18.0.0/33'] }, /^--cluster-cidr: expected a CIDR, not "198.18.0.0\/33"/],
    [{ clusterCidr: [' , '] }, /^--cluster-cidr: expected the cluster's/],
    [{ labels: ['=x'] }, /^--labels: expected KEY=VALUE, not "=x"/],
    [{ labels: ['a=b=c'] }, /^--labels: expected KEY=VALUE, not "a=b=c"/],
    [{ trustedPeers: ['203.0.113.0/33'] }, /^--trusted-peers: expected a CIDR/],
    [{ resolver: ['a.test'] }, /^--resolver/],
    [{ lease: 'maybe' }, /^--lease/],
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

test('every problem is told at once', () => {
  const parsed = parseGatewayConfig(
    { ...GOOD, config: '', name: 'x', labels: ['y'], trustedPeers: ['z'], lease: '' },
    2,
  );
  equal(parsed.ok ? 0 : parsed.problems.length, 5);
});

test('whatever is written, there is a config or at least one problem', () => {
  const words = fc.array(fc.oneof(fc.string(), fc.constantFrom('none', 'a=b', '203.0.113.0/24', '::/0')));
  const changes = fc.record({
    name: fc.option(fc.string(), { nil: undefined }),
    labels: words,
    clusterCidr: words,
    trustedPeers: words,
  });
  fc.assert(
    fc.property(changes, (written) => {
      const parsed = parseGatewayConfig({ ...GOOD, ...written }, 2);
      ok(parsed.ok || parsed.problems.length > 0);
    }),
  );
});
