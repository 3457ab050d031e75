import { deepEqual, equal, match } from 'node:assert/strict';
import { test } from 'node:test';
import type { AccessRecord } from '../../../../agent/log/record.ts';
import type { Allow, Verdict } from '../../../../agent/model/verdict.ts';
import { accessRecord, forwardedFor, verdictOf } from '../../../../agent/pipeline/access-record.ts';
import type { Ended, Outcome } from '../../../../agent/pipeline/stages.ts';
import type { Conversation } from '../../../../agent/relay/conversation.ts';
import { endpoint } from '../../../support/access-record.ts';
import { ip, OPAQUE, tls, workload } from '../registry/builders.ts';
import { Conversations } from '../relay/conversations.ts';
import { requestHead } from '../wire/request-head.ts';

const ENDED: Ended = {
  durationMs: 12.6,
  status: 0,
  flag: null,
  bytesReceived: 100,
  bytesSent: 400,
  serviceMs: null,
};
const REF = { kind: 'ServiceEntry', namespace: 'shop', name: 'api' };
const ALLOW: Allow = {
  kind: 'allow',
  reason: 'granted',
  route: { via: 'direct', dial: 'name', targets: [], cluster: 'outbound|80||api.test' },
  matched: [REF],
  dependsOn: ['source'],
};
const DENY: Verdict = { kind: 'deny', reason: 'not-listed', httpStatus: 502, matched: [], dependsOn: ['source'] };

function outcomeOf(conversation: Conversation, facts: Partial<Outcome>): Outcome {
  return { conversation, caller: { key: 'shop', namespace: 'shop', pod: 'web-0' }, startedAt: 7, ...facts };
}

function lineOf(conversation: Conversation, facts: Partial<Outcome>, ended: Partial<Ended> = {}): AccessRecord {
  return accessRecord(outcomeOf(conversation, facts), { ...ENDED, ...ended }, 9);
}

const GET = requestHead(
  'GET /x?y HTTP/1.1\r\nHost: api.test\r\nUser-Agent: curl/8\r\nX-Forwarded-For: 198.18.0.9\r\n\r\n',
);

test('a request that was sent on and answered', async (t) => {
  const { conversation } = await new Conversations(t).open();
  const upstream = { endpoint: endpoint('203.0.113.1', 80), local: endpoint('198.18.0.1', 40_000) };
  const facts: Partial<Outcome> = {
    destination: endpoint('203.0.113.9', 80),
    source: { kind: 'workload', workload: workload('shop') },
    verdict: ALLOW,
    generation: 3,
    request: GET,
    upstream,
  };
  const { requestId, ...line } = lineOf(conversation, facts, { status: 301, serviceMs: 5 });
  match(requestId ?? '', /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  const { peer } = conversation.opening;
  const wanted: Partial<AccessRecord> = {
    startTime: 7,
    duration: 13,
    method: 'GET',
    path: '/x?y',
    protocol: 'HTTP/1.1',
    responseCode: 301,
    responseFlags: null,
    bytesReceived: 100,
    bytesSent: 400,
    upstreamServiceTime: 5,
    upstreamHost: upstream.endpoint,
    upstreamCluster: 'outbound|80||api.test',
    upstreamLocalAddress: upstream.local,
    downstreamLocalAddress: endpoint('203.0.113.9', 80),
    downstreamRemoteAddress: peer,
    authority: 'api.test',
    userAgent: 'curl/8',
    xForwardedFor: `198.18.0.9,${peer.ip}`,
    routeName: null,
    sourceNamespace: 'shop',
    sourceWorkload: 'web-0',
    verdict: 'allow',
    reason: 'granted',
    matched: [REF],
    registry: 3,
  };
  deepEqual({ ...line, ...wanted }, line);
  const again = lineOf(conversation, facts);
  equal(again.requestId === requestId, false, 'each request has its own');
});

test('refusals go to the black hole and name their reason', async (t) => {
  const { conversation } = await new Conversations(t).open();
  const facts = { verdict: DENY, generation: 3, request: GET };
  const { responseCode, upstreamCluster, routeName, verdict, reason } = lineOf(conversation, facts, { status: 502 });
  deepEqual(
    [responseCode, upstreamCluster, routeName, verdict, reason],
    [502, 'BlackHoleCluster', 'block_all', 'deny', 'not-listed'],
  );
  const hello = lineOf(conversation, { verdict: DENY, evidence: tls('api.test') });
  deepEqual([hello.requestedServerName, hello.responseCode, hello.protocol], ['api.test', 0, null]);
});

test('a flow without requests has none of their facts', async (t) => {
  const { conversation } = await new Conversations(t).open();
  const line = lineOf(conversation, { verdict: ALLOW, evidence: OPAQUE });
  const { bytesReceived, bytesSent, method, requestId, protocol } = line;
  deepEqual([bytesReceived, bytesSent, method, requestId, protocol], [100, 400, null, null, null]);
});

test('what is admitted and never dialled is a denial', async (t) => {
  const { conversation } = await new Conversations(t).open();
  const failure = { code: 'address-forbidden', httpStatus: 503, flag: 'UH' } as const;
  const forbidden = lineOf(conversation, { verdict: ALLOW, failure }, { flag: 'UH' });
  const { verdict, reason, responseFlags, upstreamCluster } = forbidden;
  deepEqual([verdict, reason, responseFlags, upstreamCluster], ['deny', 'address-forbidden', 'UH', 'BlackHoleCluster']);
  const refused = { code: 'dial-refused', httpStatus: 503, flag: 'UF' } as const;
  const down = lineOf(conversation, { verdict: ALLOW, failure: refused });
  deepEqual([down.verdict, down.reason], ['allow', 'dial-refused']);
});

test('what an older registry admitted and a newer one does not is a denial', async (t) => {
  const { conversation } = await new Conversations(t).open();
  const failure = { code: 'policy-changed', httpStatus: undefined, flag: '-' } as const;
  for (const verdict of [ALLOW, undefined]) {
    const line = lineOf(conversation, { failure, ...(verdict && { verdict }) });
    deepEqual([line.verdict, line.reason, line.responseFlags], ['deny', 'policy-changed', null]);
  }
});

test('what ended before there was a verdict, by a peer, has none; any other ending without one is a denial', async (t) => {
  const { conversation } = await new Conversations(t).open();
  for (const [code, verdict] of [
    ['client-closed', null],
    ['client-reset', null],
    ['self-proof', null],
    ['upstream-reset', null],
    ['not-redirected', 'deny'],
    ['no-first-byte', 'deny'],
  ] as const) {
    const failure = { code, httpStatus: undefined, flag: '-' };
    const line = lineOf(conversation, { failure });
    deepEqual([line.verdict, line.reason], [verdict, code]);
    equal(verdictOf(outcomeOf(conversation, { failure })), verdict, code);
    equal(line.registry, 9, 'no registry was asked: the one in force');
  }
  equal(lineOf(conversation, {}).reason, 'internal');
  equal(lineOf(conversation, {}, { flag: 'OM', durationMs: -3 }).responseFlags, 'OM');
  equal(lineOf(conversation, {}, { durationMs: -3 }).duration, 0, 'a clock that was set back');
});

test('at a gateway: its own address, the client that the header names, the route of the VirtualService', async (t) => {
  const { conversation } = await new Conversations(t).open('x');
  const { local, peer } = conversation.opening;
  const client = endpoint('198.18.0.140', 47_942);
  const facts: Partial<Outcome> = {
    caller: { key: 'shop/web-0', namespace: null, pod: null },
    destination: local,
    client,
    source: { kind: 'workload', workload: workload('shop') },
    verdict: { ...ALLOW, route: { ...ALLOW.route, name: 'to-cnn' } },
    generation: 3,
    request: GET,
    requestId: 'ours',
  };
  const line = lineOf(conversation, facts, { status: 200 });
  deepEqual([line.downstreamLocalAddress, line.downstreamRemoteAddress], [local, client]);
  deepEqual([line.sourceNamespace, line.sourceWorkload], ['shop', 'web-0']);
  deepEqual([line.routeName, line.requestId], ['to-cnn', 'ours']);
  equal(line.xForwardedFor, '198.18.0.9,198.18.0.140');
  const bare = lineOf(conversation, { ...facts, request: requestHead('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n') });
  equal(bare.xForwardedFor, '198.18.0.140');
  const itself = lineOf(conversation, { ...facts, client: peer, source: { kind: 'outside', ip: peer.ip } });
  deepEqual([itself.sourceNamespace, itself.sourceWorkload, itself.downstreamRemoteAddress], [null, null, peer]);
});

test('at a gateway: a denial for want of a route has the flag NR, and no route', async (t) => {
  const { conversation } = await new Conversations(t).open('x');
  const verdict: Verdict = { ...DENY, reason: 'no-route', httpStatus: 404, flag: 'NR' };
  const line = lineOf(conversation, { verdict, generation: 3, request: GET }, { status: 404, flag: 'NR' });
  deepEqual(
    [line.verdict, line.reason, line.responseCode, line.responseFlags, line.routeName, line.upstreamCluster],
    ['deny', 'no-route', 404, 'NR', null, null],
  );
});

test('before it is known for whom a peer speaks, the peer is the client', async (t) => {
  const { conversation } = await new Conversations(t).open('x');
  const caller = { key: '127.0.0.1', namespace: null, pod: null };
  for (const code of ['preamble-missing', 'preamble-bad', 'preamble-untrusted'] as const) {
    const line = lineOf(conversation, { caller, failure: { code, httpStatus: undefined, flag: '-' } });
    const { local, peer } = conversation.opening;
    deepEqual([line.verdict, line.reason, line.sourceWorkload], ['deny', code, null]);
    deepEqual([line.downstreamLocalAddress, line.downstreamRemoteAddress], [local, peer]);
  }
});

test('x-forwarded-for, as a proxy that adds itself would send it on', () => {
  equal(forwardedFor(null, ip('2001:db8::1')), '2001:db8::1');
  equal(forwardedFor('a, b', ip('203.0.113.1')), 'a, b,203.0.113.1');
});
