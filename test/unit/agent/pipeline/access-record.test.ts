import { deepEqual, equal, match } from 'node:assert/strict';
import { test } from 'node:test';
import type { AccessRecord } from '../../../../agent/log/record.ts';
import type { ClosedEvent } from '../../../../agent/model/mover.ts';
import type { Verdict } from '../../../../agent/model/verdict.ts';
import { accessRecord } from '../../../../agent/pipeline/access-record.ts';
import type { Outcome } from '../../../../agent/pipeline/stages.ts';
import type { Conversation } from '../../../../agent/relay/conversation.ts';
import { parseRequestHead } from '../../../../agent/wire/http1-request.ts';
import { endpoint } from '../../../support/access-record.ts';
import { OPAQUE, tls, workload } from '../registry/builders.ts';
import { Conversations } from '../relay/conversations.ts';

const CLOSED: ClosedEvent = {
  cause: 'closed',
  client: 'fin',
  upstream: 'fin',
  toUpstream: 100,
  toClient: 400,
  atAccepted: 1_000_000,
  atConnected: 1_002_000,
  atFirstUpstreamByte: 1_007_400,
  atClosed: 1_012_600,
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

function lineOf(conversation: Conversation, facts: Partial<Outcome>, closed: Partial<ClosedEvent> = {}): AccessRecord {
  const enrolled = { netns: undefined, namespace: 'shop', pod: 'web-0' };
  return accessRecord({ conversation, enrolled, startedAt: 7, ...facts }, { ...CLOSED, ...closed }, 9);
}

function request(text: string) {
  const head = parseRequestHead(new TextEncoder().encode(text));
  if (head.kind !== 'head') throw new TypeError(`the test itself is wrong: ${head.kind}`);
  return head;
}

const GET = request('GET /x?y HTTP/1.1\r\nHost: api.test\r\nUser-Agent: curl/8\r\nX-Forwarded-For: 198.18.0.9\r\n\r\n');

test('a request that was sent on and answered', async (t) => {
  const { conversation } = await new Conversations(t).open();
  const upstream = { endpoint: endpoint('203.0.113.1', 80), local: endpoint('198.18.0.1', 40_000) };
  const exchange = { status: 301, requestHeadBytes: 90, answerHeadBytes: 150, failure: undefined, cut: false };
  const { requestId, ...line } = lineOf(conversation, {
    destination: endpoint('203.0.113.9', 80),
    source: { kind: 'workload', workload: workload('shop') },
    verdict: ALLOW,
    generation: 3,
    request: GET,
    upstream,
    exchange,
  });
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
    bytesReceived: 10,
    bytesSent: 250,
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
});

test('refusals go to the black hole and name their reason', async (t) => {
  const { conversation } = await new Conversations(t).open();
  const http = lineOf(conversation, {
    verdict: DENY,
    generation: 3,
    request: GET,
    refusedWith: { status: 502, headBytes: 280 },
  });
  const { responseCode, upstreamCluster, routeName, verdict, reason, bytesSent } = http;
  deepEqual(
    [responseCode, upstreamCluster, routeName, verdict, reason, bytesSent],
    [502, 'BlackHoleCluster', 'block_all', 'deny', 'not-listed', 120],
    'of 400 bytes all but the head are body',
  );
  const hello = lineOf(conversation, {
    verdict: DENY,
    evidence: tls('api.test'),
    refusedWith: { status: 0, headBytes: 0 },
  });
  deepEqual([hello.requestedServerName, hello.responseCode, hello.protocol], ['api.test', 0, null]);
});

test('a flow without requests counts all its bytes', async (t) => {
  const { conversation } = await new Conversations(t).open();
  const { bytesReceived, bytesSent, method, requestId } = lineOf(conversation, { verdict: ALLOW, evidence: OPAQUE });
  deepEqual([bytesReceived, bytesSent, method, requestId], [100, 400, null, null]);
});

test('what is admitted and never dialled is a denial', async (t) => {
  const { conversation } = await new Conversations(t).open();
  const failure = { code: 'address-forbidden', httpStatus: 503, flag: 'UH' } as const;
  const { verdict, reason, responseFlags, upstreamCluster } = lineOf(conversation, { verdict: ALLOW, failure });
  deepEqual([verdict, reason, responseFlags, upstreamCluster], ['deny', 'address-forbidden', 'UH', 'BlackHoleCluster']);
  const refused = { code: 'dial-refused', httpStatus: 503, flag: 'UF' } as const;
  const down = lineOf(conversation, { verdict: ALLOW, failure: refused });
  deepEqual([down.verdict, down.reason, down.responseFlags], ['allow', 'dial-refused', 'UF']);
});

test('a client that left before there was a verdict has none; any other ending without one is a denial', async (t) => {
  const { conversation } = await new Conversations(t).open();
  for (const [code, verdict] of [
    ['client-closed', null],
    ['client-reset', null],
    ['not-redirected', 'deny'],
    ['no-first-byte', 'deny'],
  ] as const) {
    const line = lineOf(conversation, { failure: { code, httpStatus: undefined, flag: '-' } });
    deepEqual([line.verdict, line.reason, line.responseFlags], [verdict, code, null], code);
    equal(line.registry, 9, 'no registry was asked: the one in force');
  }
  equal(lineOf(conversation, {}).reason, 'internal');
  equal(lineOf(conversation, {}, { cause: 'no-resources' }).responseFlags, 'OM');
});
