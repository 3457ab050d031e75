import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import type { IpAddress } from '../../../../agent/model/address.ts';
import type { Evidence } from '../../../../agent/model/evidence.ts';
import type { Route } from '../../../../agent/model/verdict.ts';
import type { Source } from '../../../../agent/model/workload.ts';
import { dialling } from '../../../../agent/pipeline/dialling.ts';
import type { Identified } from '../../../../agent/pipeline/stages.ts';
import { readProxyV2 } from '../../../../agent/wire/proxy-v2-read.ts';
import { endpoint } from '../../../support/access-record.ts';
import { ech, HTTP2, hostname, http, OPAQUE, OPEN, registryOf, SILENT, tls, workload } from '../registry/builders.ts';
import { Conversations } from '../relay/conversations.ts';
import { fixture } from '../wire/settling.ts';
import { located, Staged } from './staged.ts';

const { stages } = new Staged(registryOf([]));
const DIRECT: Route = { via: 'direct', dial: 'name', targets: [], cluster: 'outbound|443||aliyun.com' };
const GATEWAY: Route = { ...DIRECT, via: 'gateway', transport: 'proxy-v2' };
const SLEEP: Source = { kind: 'workload', workload: { ...workload('shop'), name: 'sleep' } };

/** docs/hop.md's flow: shop/sleep at 198.18.0.140:47942 dials 203.0.113.80:443. */
async function flowOf(conversations: Conversations, source: Source = SLEEP): Promise<Identified> {
  const { conversation } = await conversations.open();
  return { ...located(conversation, '203.0.113.80', 443), client: endpoint('198.18.0.140', 47_942), source };
}

test('to itself, or to a gateway that is to be told nothing: nothing goes ahead', async (t) => {
  const flow = { ...(await flowOf(new Conversations(t))), evidence: tls('aliyun.com') };
  for (const route of [DIRECT, { ...GATEWAY, transport: 'plain' } as const]) {
    equal(dialling(flow, route, stages).preamble, undefined, route.transport);
  }
});

test('proxy-v2: the header of docs/hop.md, byte for byte', async (t) => {
  const flow = { ...(await flowOf(new Conversations(t))), evidence: tls('aliyun.com') };
  const { preamble = new Uint8Array(0) } = dialling(flow, GATEWAY, stages);
  deepEqual(new Uint8Array(preamble), fixture('proxy-v2/workload-and-server-name.bin'));
});

test('a server name for what a ClientHello names in the clear, and for nothing else', async (t) => {
  const flow = await flowOf(new Conversations(t));
  const told = (evidence?: Evidence) => {
    const read = readProxyV2(dialling({ ...flow, ...(evidence && { evidence }) }, GATEWAY, stages).preamble ?? EMPTY);
    ok(read.kind === 'preamble');
    const { serverName, ...others } = read.preamble;
    deepEqual(others, {
      source: flow.client,
      destination: flow.destination,
      workload: { namespace: 'shop', name: 'sleep', serviceAccount: 'default' },
    });
    return serverName;
  };
  equal(told(tls('aliyun.com')), hostname('aliyun.com'));
  for (const evidence of [undefined, tls(undefined), ech('aliyun.com'), http('aliyun.com')])
    equal(told(evidence), undefined, evidence?.kind);
  for (const evidence of [HTTP2, OPAQUE, OPEN, SILENT]) equal(told(evidence), undefined, evidence.kind);
});

test('a source that is no workload is not named, one without a known account has none', async (t) => {
  const conversations = new Conversations(t);
  const told = async (source: Source) => {
    const read = readProxyV2(dialling(await flowOf(conversations, source), GATEWAY, stages).preamble ?? EMPTY);
    return read.kind === 'preamble' && read.preamble.workload;
  };
  equal(await told({ kind: 'unknown' }), undefined);
  equal(await told({ kind: 'outside', ip: endpoint('203.0.113.7', 1).ip }), undefined);
  const unknown = { ...workload('shop'), serviceAccount: undefined, labels: undefined };
  deepEqual(await told({ kind: 'workload', workload: unknown }), {
    namespace: 'shop',
    name: 'web-0',
    serviceAccount: undefined,
  });
});

test('from one gateway to the next: where the workload dialled if that was told, else where the client did', async (t) => {
  const flow = await flowOf(new Conversations(t));
  const own = endpoint('198.18.0.141', 8443);
  const destinationOf = (ip: IpAddress | undefined) => {
    const asked = { destination: { ip, port: flow.destination.port }, answers: undefined, listener: own.port };
    const read = readProxyV2(dialling({ ...flow, destination: own, asked }, GATEWAY, stages).preamble ?? EMPTY);
    return read.kind === 'preamble' && read.preamble.destination;
  };
  deepEqual(destinationOf(flow.destination.ip), flow.destination);
  deepEqual(destinationOf(undefined), own);
});

test('each attempt is told to the health of its endpoint, whatever the transport', async (t) => {
  const flow = await flowOf(new Conversations(t));
  for (const route of [DIRECT, GATEWAY]) {
    const { reached, failed } = dialling(flow, route, stages);
    deepEqual([reached, failed], [stages.health.reached, stages.health.failed]);
  }
});

const EMPTY = new Uint8Array(0);
