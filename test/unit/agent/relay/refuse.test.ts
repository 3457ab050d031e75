import { deepEqual, equal, match } from 'node:assert/strict';
import { test } from 'node:test';
import { type RefusalForm, refusalForm, refuse } from '../../../../agent/relay/refuse.ts';
import { readAll } from '../../../support/mover-log.ts';
import { Conversations } from './conversations.ts';

const REFUSAL = { reason: 'not-listed', httpStatus: 502, text: 'weir: no' } as const;

test('the form follows from what the client speaks', () => {
  const request = { method: 'GET', authority: undefined, target: '/', headers: [] };
  equal(refusalForm({ kind: 'http', request }), 'http');
  equal(refusalForm({ kind: 'http2' }), 'http2');
  equal(refusalForm({ kind: 'tls', serverName: undefined, alpn: [] }), 'tls');
  equal(refusalForm({ kind: 'tls-ech', outerName: undefined, alpn: [] }), 'tls');
  for (const kind of ['open', 'opaque', 'silent'] as const) equal(refusalForm({ kind }), 'reset');
});

test('HTTP gets its status, the reason and one line; HEAD gets no line', async (t) => {
  const conversations = new Conversations(t);
  for (const method of ['GET', 'HEAD']) {
    const { client, conversation } = await conversations.open(`${method} / HTTP/1.1\r\n\r\n`);
    const { status, headBytes, bodyBytes } = refuse(conversation, 'http', method, REFUSAL);
    const { text, error } = await readAll(client);
    deepEqual([status, headBytes, headBytes + bodyBytes], [502, text.indexOf('\r\n\r\n') + 4, text.length]);
    client.end();
    equal(error, undefined);
    match(text, /^HTTP\/1\.1 502 Bad Gateway\r\n/);
    match(text, /\r\nx-weir-reason: not-listed\r\n/);
    equal(text.endsWith('weir: no\n'), method === 'GET', text);
    await conversation.closedEvent;
  }
});

for (const [form, refusal, want] of [
  ['tls', REFUSAL, [0x15, 3, 3, 0, 2, 2, 49]],
  ['reset', REFUSAL, 'ECONNRESET'],
  ['http', { ...REFUSAL, httpStatus: undefined }, 'ECONNRESET'],
] as const satisfies readonly (readonly [RefusalForm, object, unknown])[]) {
  test(`${form}, status ${refusal.httpStatus}: ${want.toString()}`, async (t) => {
    const { client, conversation } = await new Conversations(t).open('x');
    deepEqual(refuse(conversation, form, undefined, refusal), { status: 0, headBytes: 0, bodyBytes: 0 });
    const { text, error } = await readAll(client);
    client.end();
    deepEqual(typeof want === 'string' ? error : [...Buffer.from(text, 'latin1')], want);
    await conversation.closedEvent;
  });
}
