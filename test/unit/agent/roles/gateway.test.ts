import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { parseGatewayConfig, type RawGatewayConfig } from '../../../../agent/config/gateway-config.ts';
import { directoryOf } from '../../../../agent/identify/directory.ts';
import type { Workload } from '../../../../agent/model/workload.ts';
import type { Located } from '../../../../agent/pipeline/stages.ts';
import { gatewayRole } from '../../../../agent/roles/gateway.ts';
import { endpoint } from '../../../support/access-record.ts';
import { located } from '../pipeline/staged.ts';
import { ip } from '../registry/builders.ts';
import { Conversations } from '../relay/conversations.ts';

const RAW: RawGatewayConfig = {
  config: 'policy/',
  name: 'istio-system/egress-0',
  labels: ['istio=egressgateway'],
  clusterCidr: ['198.18.0.0/15'],
  trustedPeers: ['127.0.0.1'],
  forwardClientAddress: true,
  forwardRequestId: false,
  allowLocalEndpoints: true,
  resolver: [],
  accessLog: '-',
  accessLogFormat: 'json',
  sniffDeadline: '300',
  firstByteTimeout: '30',
  threads: '1',
  lease: 'on',
  upstreamTime: true,
};
const SLEEP: Workload = {
  namespace: 'shop',
  name: 'sleep',
  serviceAccount: 'sleeper',
  labels: { app: 'sleep' },
  ips: [ip('198.18.0.140')],
};
const DIRECTORY = directoryOf([SLEEP]);

function role(changes: Partial<RawGatewayConfig> = {}) {
  const parsed = parseGatewayConfig({ ...RAW, ...changes }, 1);
  if (!parsed.ok) throw new TypeError(parsed.problems.join());
  return gatewayRole(parsed.value);
}

test('a gateway of this name and these labels, with what its options switch on', () => {
  const { hop, gateway, forward, localEndpoints } = role();
  deepEqual(hop, { kind: 'gateway', namespace: 'istio-system', name: 'egress-0' });
  deepEqual(gateway, { ...hop, labels: { istio: 'egressgateway' } });
  deepEqual([forward, localEndpoints], [{ clientAddress: true, requestId: false }, true]);
  equal(role({ labels: [] }).gateway?.labels, undefined, 'those of its Pod');
});

test('a connection is counted to its peer, and is trusted by its address', async (t) => {
  const { conversation } = await new Conversations(t).open('GET / HTTP/1.1\r\n');
  const { opening } = conversation;
  const caller = role().callerOf(opening);
  deepEqual(caller, { key: opening.peer.ip, namespace: null, pod: null });
  if (!caller) return;
  const flow = { conversation, caller, startedAt: 7 };
  deepEqual(await role().locate(flow), { ok: false, code: 'preamble-missing' });
  const placing = await role({ trustedPeers: [] }).locate(flow);
  deepEqual(placing.ok === true && [placing.located.client, placing.refuses], [opening.peer, 'preamble']);
});

test('whom a trusted peer names is who it says; what Pods tell of it is more', async (t) => {
  const { conversation } = await new Conversations(t).open('x');
  const { identify } = role();
  const claimed = (claim: Located['claim'], from = '203.0.113.7') =>
    identify({ ...located(conversation), client: endpoint(from, 47_942), claim }, DIRECTORY);
  const known = { kind: 'workload', workload: SLEEP };
  deepEqual(claimed({ namespace: 'shop', name: 'sleep', serviceAccount: 'other' }), known, 'the Pod resource counts');
  deepEqual(claimed({ namespace: 'shop', name: 'sleep', serviceAccount: undefined }), known);
  const other = { namespace: 'bank', name: 'sleep', serviceAccount: 'default' };
  const unknown = { kind: 'workload', workload: { ...other, labels: undefined, ips: [] } };
  deepEqual(claimed(other), unknown, 'told by nobody else');
  deepEqual(claimed(other, '198.18.0.140'), unknown, "whatever the address: not this address's Pod");
});

test('anybody else is who its address is', async (t) => {
  const { conversation } = await new Conversations(t).open('x');
  const at = (client: string, { identify } = role()) =>
    identify({ ...located(conversation), client: endpoint(client, 47_942) }, DIRECTORY);
  deepEqual(at('198.18.0.140'), { kind: 'workload', workload: SLEEP });
  deepEqual(at('198.18.0.141'), { kind: 'unknown' });
  deepEqual(at('203.0.113.7'), { kind: 'outside', ip: ip('203.0.113.7') });
  deepEqual(at('198.18.0.141', role({ clusterCidr: ['none'] })), { kind: 'outside', ip: ip('198.18.0.141') });
});
