import { deepEqual, equal, match } from 'node:assert/strict';
import { test } from 'node:test';
import type { AccessRecord } from '../../../../agent/log/record.ts';
import type { Verdict } from '../../../../agent/model/verdict.ts';
import { accessRecord, verdictOf } from '../../../../agent/pipeline/access-record.ts';
import type { Ended, Outcome } from '../../../../agent/pipeline/stages.ts';
import type { Conversation } from '../../../../agent/relay/conversation.ts';
import { endpoint } from '../../../support/access-record.ts';
import { OPAQUE, tls, workload } from '../registry/builders.ts';
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
const ALLOW: Verdict = {
  kind: 'allow',
  reason: 'granted',
  route: { via: 'direct', dial: 'name', targets: [], cluster: 'outbound|80||api.test' },
  matched: [REF],
  dependsOn: ['source'],
};
const DENY: Verdict = { kind: 'deny', reason: 'not-listed', httpStatus: 502, matched: [], dependsOn: ['source'] };

function outcomeOf(conversation: Conversation, facts: Partial<Outcome>): Outcome {
  return { conversation, enrolled: { netns: undefined, namespace: 'shop', pod: 'web-0' }, startedAt: 7, ...facts };
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
