import { deepEqual, equal, ok, throws } from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { ClosedEvent, LeasedEvent } from '../../../../agent/model/mover.ts';
import { LeasedExchanges } from '../../../../agent/pipeline/leased-exchanges.ts';
import type { JudgedRequest } from '../../../../agent/pipeline/stages.ts';
import { registryOf } from '../registry/builders.ts';
import { Conversations } from '../relay/conversations.ts';
import { requestHead } from '../wire/request-head.ts';
import { ascii } from '../wire/settling.ts';
import { identified, Staged } from './staged.ts';

/** Microseconds of CLOCK_MONOTONIC, as the mover's. */
const NOW = Number(process.hrtime.bigint() / 1000n);

function request(path: string, ...fields: readonly string[]): Asked {
  const head = ascii([`GET ${path} HTTP/1.1`, 'Host: a.test', ...fields, '', ''].join('\r\n'));
  return { kind: 'request', head, bodyBytes: 0, passed: 40, at: NOW };
}

type Asked = LeasedEvent & { readonly kind: 'request' };

/** Answered with this status and body after 1 ms of sending and 7.9 ms of the upstream's. `atEnd` 0: not wholly yet. */
function answer(status: number, bodyBytes: number, atEnd: number): LeasedEvent {
  return { kind: 'answer', status, bodyBytes, bodyAt: 500, atSent: NOW + 1_000, atFirstByte: NOW + 8_900, atEnd };
}

async function leasing(
  t: TestContext,
  head = 'GET /first HTTP/1.1\r\nHost: a.test\r\nUser-Agent: first\r\nX-B3-TraceId: f\r\n\r\n',
): Promise<{ staged: Staged; leased: LeasedExchanges; judged: JudgedRequest }> {
  const { conversation } = await new Conversations(t).open();
  const staged = new Staged(registryOf([{ hosts: ['a.test'], ports: ['80 http'] }]));
  const first = requestHead(head);
  const { method, authority, path: target, headers } = first;
  const judged: JudgedRequest = {
    ...identified(conversation),
    verdict: {
      kind: 'allow',
      reason: 'granted',
      route: { via: 'direct', dial: 'name', targets: [], cluster: 'outbound|80||a.test' },
      matched: [],
      dependsOn: ['source', 'port', 'http-host'],
    },
    evidence: { kind: 'http', request: { method, authority, target, headers } },
    request: first,
    generation: 1,
  };
  return { staged, judged, leased: new LeasedExchanges(judged, staged.stages) };
}

test('each exchange is reported with its own request, answer and times', async (t) => {
  const { staged, leased } = await leasing(t);
  leased.take(request('/a?b'));
  equal(staged.lines.length, 0, 'not before its answer is through');
  leased.take(answer(200, 7, NOW + 20_600));
  leased.take({ ...request('/post', 'Content-Length: 3'), bodyBytes: 3 });
  leased.take(answer(304, 0, NOW + 9_000));
  deepEqual(staged.lines, ['GET /a?b: allow granted 200 - 0/7', 'GET /post: allow granted 304 - 3/0']);
  const [first] = staged.records;
  deepEqual([first?.upstreamServiceTime, first?.duration], [7, 21]);
  ok(Math.abs((first?.startTime ?? 0) - Date.now()) < 60_000, 'wall clock');
  equal(leased.open, undefined);
});

test('the record of a leased request is that of the same request when it was asked for', async (t) => {
  const fields = ['User-Agent: curl/8', 'X-Request-Id: r', 'X-Forwarded-For: 198.18.0.9', 'X-B3-TraceId: b3'];
  for (const each of [fields, fields.slice(0, 2), fields.slice(2)]) {
    const { staged, leased, judged } = await leasing(t, 'GET /first HTTP/1.0\r\nHost: a.test\r\n\r\n');
    leased.take(request('/next?a=b', ...each));
    const { open } = leased;
    leased.take(answer(201, 9, NOW + 12_400));
    ok(open);
    const durationMs = 12.4;
    staged.stages.report(open.judged, {
      durationMs,
      status: 201,
      flag: null,
      bytesReceived: 0,
      bytesSent: 9,
      serviceMs: 7,
    });
    const [fast, slow] = staged.records;
    ok(fast && slow);
    const generated = each.includes('X-Request-Id: r') ? {} : { requestId: slow.requestId };
    deepEqual({ ...fast, ...generated }, slow);
    equal(fast.protocol, 'HTTP/1.1', 'not that of the request that the lease was given for');
    equal(judged.request.version, '1.0');
    equal(fast.requestId?.length, each.includes('X-Request-Id: r') ? 1 : 36);
  }
});

test('an answer whose body is still to come is reported at its end', async (t) => {
  const { staged, leased } = await leasing(t);
  leased.take(request('/slow'));
  leased.take(answer(200, 70, 0));
  equal(staged.lines.length, 0);
  leased.take({ kind: 'end', bodyBytes: 70, at: NOW + 50_000 });
  deepEqual(staged.lines, ['GET /slow: allow granted 200 - 0/70']);
  leased.take({ ...request('/chunks'), bodyBytes: 3 });
  leased.take(answer(200, 8, 0));
  deepEqual(leased.open?.answer, { status: 200, serviceMs: 7, requestBodyBytes: 3, bodyAt: 500 });
  leased.take({ kind: 'end', bodyBytes: 15, at: NOW + 50_000 });
  deepEqual(staged.lines.slice(1), ['GET /chunks: allow granted 200 - 3/15']);
  leased.take(request('/unanswered'));
  equal(leased.open?.answer, undefined);
});

test('what is open when the lease ends can be gone on with, as its client sent it', async (t) => {
  const { staged, leased } = await leasing(t);
  leased.take(request('/done'));
  leased.take(answer(200, 0, NOW));
  const next = request('/open', 'X: y');
  const sent = [...next.head];
  leased.take(next);
  next.head.fill(0); // the mover's ring goes on
  const { open } = leased;
  ok(open);
  deepEqual([...open.head], sent);
  deepEqual([open.passed, open.judged.request.path, open.judged.request.headers[1]], [40, '/open', ['x', 'y']]);
  ok(Math.abs(open.passedAt - performance.now()) < 60_000, 'the clock of performance.now()');
  equal(staged.lines.length, 1);
});

test('the connection ends in mid-exchange: reported as far as it came', async (t) => {
  const { staged, leased, judged } = await leasing(t);
  judged.conversation.close('rst');
  const closed = await judged.conversation.closedEvent;
  const next = { ...request('/open', 'Content-Length: 9'), bodyBytes: 9 };
  const broken = (over: Partial<ClosedEvent>): void => {
    ok(leased.open);
    leased.abandoned(leased.open, { ...closed, toClient: 300, atClosed: NOW + 77_000, ...over });
  };
  for (const more of [0, 5]) {
    leased.take(next);
    broken({ toUpstream: 40 + next.head.length + more });
  }
  leased.take(request('/not-yet'));
  broken({ toUpstream: 40 });
  for (const toClient of [450, 500, 502]) {
    leased.take(request('/cut'));
    leased.take(answer(200, 70, 0));
    broken({ toClient });
  }
  const upstreamEnded = { client: 'fin', upstream: 'fin' } as const;
  leased.take(request('/cut'));
  leased.take(answer(200, 70, 0));
  broken({ ...upstreamEnded, toClient: 530 });
  leased.take(request('/unanswered'));
  broken(upstreamEnded);
  deepEqual(staged.lines, [
    'GET /open: allow granted 0 DC 0/0',
    'GET /open: allow granted 0 DC 5/0',
    'GET /not-yet: allow granted 0 DC 0/0',
    'GET /cut: allow granted 200 DC 0/0',
    'GET /cut: allow granted 200 DC 0/0',
    'GET /cut: allow granted 200 DC 0/2',
    'GET /cut: allow granted 200 UC 0/30',
    'GET /unanswered: allow granted 0 DC 0/0',
  ]);
  deepEqual([staged.records[0]?.duration, staged.records[0]?.upstreamServiceTime], [77, null]);
  deepEqual([staged.records[5]?.duration, staged.records[5]?.upstreamServiceTime], [77, 7]);
});

test('what the mover cannot have let pass is a fault of ours', async (t) => {
  const { leased } = await leasing(t);
  throws(() => leased.take({ kind: 'end', bodyBytes: 0, at: NOW }), /the end of no exchange/);
  leased.take(request('/x'));
  throws(() => leased.take({ kind: 'end', bodyBytes: 0, at: NOW }), /the end of no exchange/);
  const { leased: other } = await leasing(t);
  throws(() => other.take(answer(200, 0, NOW)), /the end of no exchange/);
  other.take(request('/ two'));
  throws(() => other.open, /a request pass that is none/);
});
