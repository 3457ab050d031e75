import { deepEqual, equal, ok, throws } from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { LeasedEvent } from '../../../../agent/model/mover.ts';
import { LeasedExchanges } from '../../../../agent/pipeline/leased-exchanges.ts';
import type { JudgedRequest } from '../../../../agent/pipeline/stages.ts';
import { registryOf } from '../registry/builders.ts';
import { Conversations } from '../relay/conversations.ts';
import { requestHead } from '../wire/request-head.ts';
import { ascii } from '../wire/settling.ts';
import { identified, Staged } from './staged.ts';

/** Microseconds of CLOCK_MONOTONIC, as the mover's. */
const NOW = Number(process.hrtime.bigint() / 1000n);

function request(path: string, ...fields: readonly string[]): LeasedEvent {
  const head = ascii([`GET ${path} HTTP/1.1`, 'Host: a.test', ...fields, '', ''].join('\r\n'));
  return { kind: 'request', head, passed: 40, at: NOW };
}

function answer(status: string, atEnd: number, ...fields: readonly string[]): LeasedEvent {
  const head = ascii([`HTTP/1.1 ${status}`, ...fields, '', ''].join('\r\n'));
  return { kind: 'answer', head, atSent: NOW + 1_000, atFirstByte: NOW + 8_900, atEnd };
}

async function leasing(t: TestContext): Promise<{ staged: Staged; leased: LeasedExchanges; judged: JudgedRequest }> {
  const { conversation } = await new Conversations(t).open();
  const staged = new Staged(registryOf([{ hosts: ['a.test'], ports: ['80 http'] }]));
  const first = requestHead('GET /first HTTP/1.1\r\nHost: a.test\r\n\r\n');
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
  leased.take(answer('200 OK', NOW + 20_600, 'Content-Length: 7'));
  leased.take(request('/post', 'Content-Length: 3'));
  leased.take(answer('304 x', NOW + 9_000, 'Content-Length: 7'));
  deepEqual(staged.lines, ['GET /a?b: allow granted 200 - 0/7', 'GET /post: allow granted 304 - 3/0']);
  const [first] = staged.reported;
  deepEqual([first?.ended.serviceMs, Math.round((first?.ended.durationMs ?? 0) * 10)], [7, 206]);
  ok(Math.abs((first?.outcome.startedAt ?? 0) - Date.now()) < 60_000, 'wall clock');
  equal(leased.open, undefined);
});

test('an answer whose body is still to come is reported at its end', async (t) => {
  const { staged, leased } = await leasing(t);
  leased.take(request('/slow'));
  leased.take(answer('200 OK', 0, 'Content-Length: 70'));
  equal(staged.lines.length, 0);
  leased.take({ kind: 'end', at: NOW + 50_000 });
  deepEqual(staged.lines, ['GET /slow: allow granted 200 - 0/70']);
});

test('what is open when the lease ends can be gone on with, as its client sent it', async (t) => {
  const { staged, leased, judged } = await leasing(t);
  equal(leased.last, judged, 'nothing passed yet: the request that the lease was given for');
  leased.take(request('/done'));
  leased.take(answer('200 OK', NOW, 'Content-Length: 0'));
  equal(leased.last.request.path, '/done');
  const next = request('/open', 'X: y');
  leased.take(next);
  const { open } = leased;
  ok(open && next.kind === 'request');
  deepEqual([...open.head], [...next.head]);
  deepEqual([open.passed, open.judged.request.path, open.answer], [40, '/open', undefined]);
  ok(Math.abs(open.passedAt - performance.now()) < 60_000, 'the clock of performance.now()');
  equal(staged.lines.length, 1);
});

test('the connection ends in mid-exchange: reported as far as it came', async (t) => {
  const { staged, leased, judged } = await leasing(t);
  judged.conversation.close('rst');
  const closed = await judged.conversation.closedEvent;
  const next = request('/open', 'Content-Length: 9');
  ok(next.kind === 'request');
  for (const more of [0, 5]) {
    leased.take(next);
    ok(leased.open);
    leased.abandoned(leased.open, { ...closed, toUpstream: 40 + next.head.length + more });
  }
  leased.take(request('/not-yet'));
  ok(leased.open);
  leased.abandoned(leased.open, { ...closed, toUpstream: 40 });
  deepEqual(staged.lines, [
    'GET /open: allow granted 0 DC 0/0',
    'GET /open: allow granted 0 DC 5/0',
    'GET /not-yet: allow granted 0 DC 0/0',
  ]);
});

test('what the mover cannot have let pass is a fault of ours', async (t) => {
  const { leased } = await leasing(t);
  throws(() => leased.take({ kind: 'end', at: NOW }), /the end of no answer/);
  throws(() => leased.take(answer('200 OK', NOW)), /an answer to no request/);
  throws(() => leased.take(request('/ two')), /a request pass that is none/);
  leased.take(request('/x'));
  throws(() => leased.take(answer('200 OK', NOW, 'Content-Length : 1')), /an answer pass that is none/);
  throws(() => leased.take({ kind: 'end', at: NOW }), /the end of no answer/);
});
