import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { prepareRequest, type Sending } from '../../../../agent/pipeline/forwarding.ts';
import type { JudgedRequest, Stages } from '../../../../agent/pipeline/stages.ts';
import { endpoint } from '../../../support/access-record.ts';
import { http } from '../registry/builders.ts';
import { Conversations } from '../relay/conversations.ts';
import { requestHead } from '../wire/request-head.ts';
import { textOf } from '../wire/settling.ts';
import { identified } from './staged.ts';

const POST = 'POST /x HTTP/1.1\r\nHost: a.test\r\nContent-Length: 4\r\n';
const BODY = 'body';
const CLIENT = endpoint('198.18.0.140', 47_942);
const BOTH = { clientAddress: true, requestId: true };

/** A request that is held whole, prepared; and what the mover holds then. */
async function prepared(
  t: TestContext,
  lines: string,
  forward: Stages['forward'],
): Promise<{ readonly sending: Sending; readonly judged: JudgedRequest; readonly held: string }> {
  const head = `${POST}${lines}\r\n`;
  const { client, conversation } = await new Conversations(t).open(head + BODY);
  await conversation.inspect('client', head.length + BODY.length - 1);
  const judged: JudgedRequest = {
    ...identified(conversation),
    client: CLIENT,
    verdict: {
      kind: 'allow',
      reason: 'granted',
      route: { via: 'direct', dial: 'name', targets: [], cluster: 'outbound|80||a.test' },
      matched: [],
      dependsOn: ['source'],
    },
    evidence: http('a.test'),
    request: requestHead(head),
    generation: 1,
  };
  const sending = prepareRequest(judged, Buffer.from(head), { forward });
  const held = await conversation.inspect('client', 0);
  client.destroy();
  return { sending, judged, held: textOf(held?.bytes) };
}

test('by default it passes as it came', async (t) => {
  const lines = 'x-forwarded-for: 203.0.113.1\r\n';
  const { sending, judged, held } = await prepared(t, lines, { clientAddress: false, requestId: false });
  equal(sending.request, judged.request);
  equal(sending.requestId, undefined);
  deepEqual([textOf(sending.head), held], [`${POST}${lines}\r\n`, `${POST}${lines}\r\n${BODY}`]);
});

for (const [says, lines, forward, want] of [
  ['the address in a field of its own', '', { clientAddress: true, requestId: false }, 'x-forwarded-for: IP\r\n'],
  [
    'the address behind those that came, an id beside it',
    'x-forwarded-for: 203.0.113.1\r\na: b\r\n',
    BOTH,
    'x-forwarded-for: 203.0.113.1,IP\r\na: b\r\nx-request-id: ID\r\n',
  ],
  ['both', 'a: b\r\n', BOTH, 'a: b\r\nx-forwarded-for: IP\r\nx-request-id: ID\r\n'],
  ['an id alone', '', { clientAddress: false, requestId: true }, 'x-request-id: ID\r\n'],
  ['an id that it brought is its id', 'X-Request-Id: mine\r\n', BOTH, 'X-Request-Id: mine\r\nx-forwarded-for: IP\r\n'],
] as const) {
  test(`what is held is what is told to be sent: ${says}`, async (t) => {
    const { sending, judged, held } = await prepared(t, lines, forward);
    const { head, request, requestId } = sending;
    const expected = `${POST}${want}\r\n`.replace('IP', CLIENT.ip).replace('ID', requestId ?? 'none');
    equal(textOf(head), expected);
    equal(held, expected + BODY, 'the body stays behind it');
    deepEqual(request, { ...judged.request, headBytes: head.length }, 'as it came, but for its length');
    equal(requestHead(textOf(head)).headBytes, head.length);
    equal(requestId !== undefined, want.includes('ID'));
    if (requestId !== undefined) match(requestId, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  });
}

test('each request has an id of its own', async (t) => {
  const [one, other] = [await prepared(t, '', BOTH), await prepared(t, '', BOTH)];
  ok(one.sending.requestId !== other.sending.requestId);
});
