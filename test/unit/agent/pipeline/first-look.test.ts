import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { FirstLook } from '../../../../agent/pipeline/first-look.ts';
import { SIGNATURE } from '../../../../agent/wire/proxy-v2.ts';
import { Conversations } from '../relay/conversations.ts';
import { ascii, concat, fixture, fixturesIn } from '../wire/settling.ts';

const HEADERS = fixturesIn('proxy-v2').map(fixture);
const [HEADER = SIGNATURE] = HEADERS;
const REQUEST = ascii('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n');
/** A proxy protocol of ours that can be read at once; a command that we do not take is a header as well. */
const LOCAL = HEADER.with(12, 0x20);

/** What a look that has seen no more than this shows. */
type Seen = Pick<FirstLook, 'settled' | 'evidence' | 'request' | 'bad' | 'head'>;

function seen({ settled, evidence, request, bad, head }: Seen): Seen {
  return { settled, evidence, request, bad, head };
}

test('a header from a client that may not say one is bad, whatever comes behind it', async (t) => {
  const { conversation } = await new Conversations(t).open('x');
  for (const header of [...HEADERS, LOCAL]) {
    for (const bytes of [header, concat(header, REQUEST)]) {
      const look = new FirstLook(conversation, { bytes, ended: false }, 'anything', 'preamble');
      deepEqual([look.settled, look.bad, look.request, look.evidence.kind], [true, 'preamble', undefined, 'open']);
      equal(await look.settle(5_000), 'settled');
    }
  }
});

test('the same in pieces: nothing is known before the last', async (t) => {
  const { client, conversation } = await new Conversations(t).open();
  client.setNoDelay(true);
  const look = new FirstLook(conversation, undefined, 'anything', 'preamble');
  const settling = look.settle(5_000);
  for (const byte of concat(HEADER, REQUEST))
    await new Promise((resolve) => client.write(Uint8Array.of(byte), resolve));
  equal(await settling, 'settled');
  equal(look.bad, 'preamble');
  for (let length = 0; length < HEADER.length; length++) {
    const some = new FirstLook(
      conversation,
      { bytes: HEADER.subarray(0, length), ended: false },
      'anything',
      'preamble',
    );
    deepEqual([some.settled, some.bad], [false, undefined], `after ${length} bytes`);
  }
});

for (const [says, start] of [
  ['a line end', SIGNATURE.subarray(0, 2)],
  ['all but the last byte of a signature', SIGNATURE.subarray(0, -1)],
  ['all but the last byte of a header', HEADER.subarray(0, -1)],
] as const) {
  test(`what begins a header and goes no further is one as well: ${says}`, async (t) => {
    const { client, conversation } = await new Conversations(t).open();
    const cut = new FirstLook(conversation, { bytes: start, ended: true }, 'anything', 'preamble');
    equal(cut.bad, 'preamble', 'at the end of the client');
    client.write(start);
    const late = new FirstLook(conversation, undefined, 'anything', 'preamble');
    equal(await late.settleOnceHeard(30), 'settled');
    equal(late.bad, 'preamble', 'when the time is up: the rest of it must not pass');
    const free = new FirstLook(conversation);
    await free.settleOnceHeard(30);
    equal(free.bad, undefined, 'where it is nobody’s business');
  });
}

test('a client that says nothing is late, and silent once it ends', async (t) => {
  const { client, conversation } = await new Conversations(t).open();
  const look = new FirstLook(conversation, undefined, 'anything', 'preamble');
  equal(await look.settle(20), 'late');
  deepEqual([look.bad, look.evidence.kind], [undefined, 'open']);
  client.end();
  equal(await look.settle(5_000), 'settled');
  deepEqual([look.bad, look.evidence.kind], [undefined, 'silent']);
});

test('all that begins no header is seen as without, at every length', async (t) => {
  const { conversation } = await new Conversations(t).open('x');
  const captured = [...fixturesIn('http-request'), ...fixturesIn('client-hello')].map(fixture);
  const written = [
    concat(ascii('\r\n'), REQUEST),
    concat(ascii('\r\n\r\n'), REQUEST),
    ascii('\n'),
    ascii('\r'),
    ascii('SSH-2.0-x\r\n'),
    ascii('PROXY TCP4 198.18.0.140 203.0.113.80 47942 443\r\n'),
    Uint8Array.of(0, 1, 2),
    concat(SIGNATURE.subarray(0, 11), ascii('x')),
  ];
  for (const bytes of [...captured, ...written]) {
    for (let length = 0; length <= Math.min(bytes.length, 200); length++) {
      for (const ended of [false, true]) {
        const first = { bytes: bytes.subarray(0, length), ended };
        const begins = length > 0 && SIGNATURE.subarray(0, length).every((byte, at) => byte === first.bytes[at]);
        if (begins && length <= SIGNATURE.length) continue;
        const refusing = new FirstLook(conversation, first, 'anything', 'preamble');
        deepEqual(seen(refusing), seen(new FirstLook(conversation, first)));
      }
    }
  }
});

test('a request behind a line end is as bad as ever', async (t) => {
  const { conversation } = await new Conversations(t).open('\r\nGET / HTTP/1.1\r\nHost: a.test\r\n\r\n');
  const look = new FirstLook(conversation, undefined, 'anything', 'preamble');
  equal(await look.settle(5_000), 'settled');
  ok(look.bad && look.bad !== 'preamble');
  equal(look.bad.status, 400);
});

test('a request: its head is kept, what is behind it is not', async (t) => {
  const { conversation } = await new Conversations(t).open('x');
  const bytes = concat(REQUEST, ascii('more'));
  const look = new FirstLook(conversation, { bytes, ended: false, passed: 9 }, 'request');
  deepEqual([look.request?.headBytes, look.head, look.passed], [REQUEST.length, REQUEST, 9]);
});

test('behind a request only another can follow', async (t) => {
  const { conversation } = await new Conversations(t).open('x');
  const first = { bytes: Uint8Array.of(22, 3, 1, 0, 1, 1), ended: true };
  equal(new FirstLook(conversation, first).evidence.kind, 'tls');
  const { bad } = new FirstLook(conversation, first, 'request');
  ok(bad && bad !== 'preamble');
  equal(bad.status, 400);
});

test('the beginning of the next request: it begins, does not, or the flow has gone', async (t) => {
  const conversations = new Conversations(t);
  const { client, conversation } = await conversations.open();
  equal(await new FirstLook(conversation, undefined, 'request').begins(20), 'none', 'silent for too long');
  client.write('G');
  equal(await new FirstLook(conversation, undefined, 'request').begins(5_000), 'begun');
  client.resetAndDestroy();
  await conversation.closedEvent;
  equal(await new FirstLook(conversation, undefined, 'request').begins(5_000), 'gone');
  const other = await conversations.open();
  other.client.end();
  equal(await new FirstLook(other.conversation, undefined, 'request').begins(5_000), 'none', 'ended');
});
