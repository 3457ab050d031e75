import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import type { Failure } from '../../../../agent/model/failure.ts';
import type { ClosedEvent } from '../../../../agent/model/mover.ts';
import { flowEnded, refusalEnded, requestEnded } from '../../../../agent/pipeline/ended.ts';
import type { Exchange } from '../../../../agent/relay/exchange.ts';

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
const ANSWERED: Exchange = {
  status: 301,
  serviceMs: 5,
  requestBodyBytes: 10,
  answerBodyBytes: 250,
  failure: undefined,
  cut: false,
  follows: 'next',
};
const DIAL_REFUSED: Failure = { code: 'dial-refused', httpStatus: 503, flag: 'UF' };
const NOT_REDIRECTED: Failure = { code: 'not-redirected', httpStatus: undefined, flag: '-' };

test('a flow without requests counts all its bytes, from accept to end', () => {
  deepEqual(flowEnded(CLOSED, undefined, undefined), {
    durationMs: 12.6,
    status: 0,
    flag: null,
    bytesReceived: 100,
    bytesSent: 400,
    serviceMs: null,
  });
});

test('of what we answered ourselves the body counts', () => {
  const { status, bytesSent } = flowEnded(CLOSED, { status: 502, headBytes: 280, bodyBytes: 120 }, undefined);
  deepEqual([status, bytesSent], [502, 120]);
  equal(
    flowEnded({ ...CLOSED, toClient: 100 }, { status: 502, headBytes: 280, bodyBytes: 120 }, undefined).bytesSent,
    0,
  );
});

test('the flag of a flow: that of its failure, else what the ends tell', () => {
  const rows: readonly (readonly [Partial<ClosedEvent>, Failure | undefined, string | null])[] = [
    [{}, DIAL_REFUSED, 'UF'],
    [{}, NOT_REDIRECTED, null],
    [{ cause: 'no-resources' }, undefined, 'OM'],
    [{ cause: 'half-close-timeout' }, undefined, 'DT'],
    [{ cause: 'reset', client: 'reset', upstream: 'closed-by-us' }, undefined, null],
    [{ cause: 'reset', client: 'error' }, undefined, null],
    [{ cause: 'reset', client: 'closed-by-us', upstream: 'reset' }, undefined, 'UC'],
    [{ cause: 'ended' }, undefined, null],
    [{ cause: 'responded' }, undefined, null],
  ];
  for (const [closed, failure, flag] of rows)
    equal(flowEnded({ ...CLOSED, ...closed }, undefined, failure).flag, flag, JSON.stringify([closed, failure]));
});

test('a request: its own status, bodies and times', () => {
  const ended = requestEnded(ANSWERED, Date.now() - 1_000, undefined);
  const { durationMs, ...rest } = ended;
  ok(durationMs >= 1_000 && durationMs < 30_000, String(durationMs));
  deepEqual(rest, { status: 301, flag: null, bytesReceived: 10, bytesSent: 250, serviceMs: 5 });
  const silent = requestEnded({ ...ANSWERED, status: 0, serviceMs: undefined, follows: 'gone' }, 0, CLOSED);
  deepEqual(
    [silent.status, silent.serviceMs, silent.flag],
    [0, null, 'DC'],
    'the client left while its answer was owed',
  );
});

test('the flag of a request: failure, then a cut answer, then what the ends tell', () => {
  const reset: ClosedEvent = { ...CLOSED, cause: 'reset', client: 'closed-by-us', upstream: 'reset' };
  const rows: readonly (readonly [Partial<Exchange>, ClosedEvent | undefined, string | null])[] = [
    [{ failure: DIAL_REFUSED, cut: true }, undefined, 'UF'],
    [{ failure: NOT_REDIRECTED }, undefined, null],
    [{ cut: true, follows: 'close' }, undefined, 'UC'],
    [{ follows: 'close' }, undefined, null],
    [{ follows: 'next' }, CLOSED, null],
    [{ follows: 'gone' }, reset, 'UC'],
    [{ follows: 'gone' }, { ...reset, client: 'reset' }, 'DC'],
    [{ follows: 'gone' }, { ...CLOSED, cause: 'no-resources' }, 'OM'],
  ];
  for (const [exchange, closed, flag] of rows)
    equal(requestEnded({ ...ANSWERED, ...exchange }, 0, closed).flag, flag, JSON.stringify([exchange, closed]));
});

test('a request that we answered: nothing of it was sent on', () => {
  const answer = { status: 503, headBytes: 280, bodyBytes: 120 };
  const { durationMs, ...rest } = refusalEnded(answer, Date.now(), DIAL_REFUSED);
  ok(durationMs >= 0 && durationMs < 30_000);
  deepEqual(rest, { status: 503, flag: 'UF', bytesReceived: 0, bytesSent: 120, serviceMs: null });
  equal(refusalEnded(answer, 0, undefined).flag, null);
});
