import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Evidence } from '../../../../agent/model/evidence.ts';
import type { Failure } from '../../../../agent/model/failure.ts';
import type { Deny } from '../../../../agent/model/verdict.ts';
import { FirstLook } from '../../../../agent/pipeline/first-look.ts';
import { badRequestFailure } from '../../../../agent/pipeline/judge.ts';
import { failFlow, refuseFlow } from '../../../../agent/pipeline/refuse-flow.ts';
import type { Judged } from '../../../../agent/pipeline/stages.ts';
import type { Conversation } from '../../../../agent/relay/conversation.ts';
import { readAll } from '../../../support/mover-log.ts';
import { http, OPAQUE, registryOf, tls } from '../registry/builders.ts';
import { Conversations } from '../relay/conversations.ts';
import { requestHead } from '../wire/request-head.ts';
import { ascii, fixture } from '../wire/settling.ts';
import { identified, Staged } from './staged.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a.test\r\n\r\n';
const HELLO = '\x16\x03\x01';
const NO_ROUTE: Deny = {
  kind: 'deny',
  reason: 'no-route',
  httpStatus: 404,
  flag: 'NR',
  matched: [],
  dependsOn: ['source', 'port', 'http-host'],
};
const NOT_LISTED: Deny = {
  kind: 'deny',
  reason: 'not-listed',
  httpStatus: 502,
  matched: [],
  dependsOn: ['source', 'port', 'http-host'],
};
const CLOSED: Deny = { ...NO_ROUTE, reason: 'protocol-mismatch', httpStatus: undefined, flag: 'NR' };

type Refused = { readonly said: string; readonly error: string | undefined; readonly line: readonly unknown[] };

/** What a client that said this is told of the denial, and what the access line tells. */
async function refused(t: TestContext, said: string, evidence: Evidence, verdict: Deny): Promise<Refused> {
  const staged = new Staged(registryOf([]));
  const { client, conversation } = await new Conversations(t).open(said);
  const request = evidence.kind === 'http' ? requestHead(said) : undefined;
  const flow: Judged = { ...identified(conversation), verdict, evidence, request, generation: 1 };
  const hearing = readAll(client);
  const ending = refuseFlow(flow, staged.stages);
  const { text, error } = await hearing;
  client.end();
  await ending;
  return { said: text, error, line: lineOf(staged) };
}

function lineOf({ records }: Staged): readonly unknown[] {
  equal(records.length, 1, 'one line');
  const [line] = records;
  return [line?.verdict, line?.reason, line?.responseCode, line?.responseFlags, line?.routeName];
}

test('a denial under HTTP: its status, its reason, and the flag that it has', async (t) => {
  const { said, line } = await refused(t, GET, http('a.test'), NO_ROUTE);
  match(said, /^HTTP\/1\.1 404 [^]*\r\nx-weir-reason: no-route\r\n/);
  deepEqual(line, ['deny', 'no-route', 404, 'NR', null]);
});

test('one that has no flag, or the flag for none', async (t) => {
  for (const verdict of [NOT_LISTED, { ...NOT_LISTED, flag: '-' }]) {
    const { said, line } = await refused(t, GET, http('a.test'), verdict);
    match(said, /^HTTP\/1\.1 502 /);
    deepEqual(line, ['deny', 'not-listed', 502, null, 'block_all']);
  }
});

test('a denial of a hello is an alert, of all else a reset; the line has the flag, and no status', async (t) => {
  const hello = await refused(t, HELLO, tls('a.test'), NO_ROUTE);
  equal(hello.said.charCodeAt(0), 21, 'an alert');
  deepEqual(hello.line, ['deny', 'no-route', 0, 'NR', null]);
  const opaque = await refused(t, 'x', OPAQUE, CLOSED);
  deepEqual([opaque.said, opaque.error], ['', 'ECONNRESET']);
  deepEqual(opaque.line, ['deny', 'protocol-mismatch', 0, 'NR', null]);
});

test('what is no denial is no refusal', async (t) => {
  const { conversation } = await new Conversations(t).open('x');
  const route = { via: 'direct', dial: 'name', targets: [], cluster: 'x' } as const;
  const verdict = { kind: 'allow', reason: 'granted', route, matched: [], dependsOn: [] } as const;
  const flow: Judged = { ...identified(conversation), verdict, evidence: OPAQUE, request: undefined, generation: 1 };
  let thrown: unknown;
  await refuseFlow(flow, new Staged(registryOf([])).stages).catch((error: unknown) => (thrown = error));
  ok(thrown instanceof TypeError);
});

/** What a client is told of what failed, having shown this. */
async function failed(
  t: TestContext,
  said: string,
  lookAt: (conversation: Conversation) => FirstLook,
  failureOf: (look: FirstLook) => Failure,
): Promise<Refused> {
  const staged = new Staged(registryOf([]));
  const { client, conversation } = await new Conversations(t).open(said);
  const look = lookAt(conversation);
  const hearing = readAll(client);
  const ending = failFlow(identified(conversation), failureOf(look), look, staged.stages);
  const { text, error } = await hearing;
  client.end();
  await ending;
  return { said: text, error, line: lineOf(staged) };
}

function looking(bytes: Uint8Array): (conversation: Conversation) => FirstLook {
  return (conversation) => new FirstLook(conversation, { bytes, ended: false }, 'anything', 'preamble');
}

test('somebody who may not say for whom it speaks is told nothing', async (t) => {
  const { said, error, line } = await failed(t, 'x', looking(fixture('proxy-v2/v4.bin')), badRequestFailure);
  deepEqual([said, error], ['', 'ECONNRESET']);
  deepEqual(line, ['deny', 'preamble-untrusted', 0, null, null]);
});

test('a bad request is told so', async (t) => {
  const { said, line } = await failed(t, GET, looking(ascii(`\r\n${GET}`)), badRequestFailure);
  match(said, /^HTTP\/1\.1 400 [^]*\r\nx-weir-reason: bad-request\r\n/);
  deepEqual(line, ['deny', 'bad-request', 400, 'DPE', null]);
});

for (const [flag, httpStatus] of [
  ['NC', 503],
  ['UH', 503],
] as const) {
  test(`nothing to dial: ${httpStatus} ${flag}, let through and not reached; a hello is reset`, async (t) => {
    const failure = { code: 'no-endpoint', httpStatus, flag } as const;
    const request = await failed(t, GET, looking(ascii(GET)), () => failure);
    match(request.said, /^HTTP\/1\.1 503 [^]*is let through, but was not reached/);
    deepEqual(request.line.slice(1, 4), ['no-endpoint', 503, flag]);
    const hello = await failed(t, 'x', looking(fixture('client-hello/curl-7.88.bin')), () => failure);
    deepEqual([hello.said, hello.error], ['', 'ECONNRESET'], 'as it would see without us');
    deepEqual(hello.line.slice(1, 4), ['no-endpoint', 0, flag]);
  });
}
