import { deepEqual, equal, match } from 'node:assert/strict';
import { test } from 'node:test';
import { readAll } from '../../../support/mover-log.ts';
import { until } from '../../../support/until.ts';
import { Conversations } from './conversations.ts';
import { answering, exchange } from './exchanging.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a.test\r\n\r\n';
const HEAD = 'HEAD / HTTP/1.1\r\nHost: a.test\r\n\r\n';
const OLD = 'GET / HTTP/1.0\r\nHost: a.test\r\nConnection: keep-alive\r\n\r\n';
const POST = 'POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 4\r\n\r\n';
const WEBSOCKET = 'GET / HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
const BIG = 'x'.repeat(100_000);

/** Chunk framing counts: it is what passed behind the head. */
const passing = [
  { says: 'a length', sent: GET, answer: '200 OK\r\nContent-Length: 2\r\n\r\nok', body: 2, follows: 'next' },
  { says: 'no content', sent: GET, answer: '200 OK\r\nContent-Length: 0\r\n\r\n', body: 0, follows: 'next' },
  { says: '204', sent: GET, answer: '204 No Content\r\n\r\n', body: 0, follows: 'next' },
  { says: '304', sent: GET, answer: '304 x\r\nContent-Length: 9\r\n\r\n', body: 0, follows: 'next' },
  { says: 'HEAD', sent: HEAD, answer: '200 OK\r\nContent-Length: 9\r\n\r\n', body: 0, follows: 'next' },
  {
    says: 'a long one',
    sent: GET,
    answer: `200 OK\r\nContent-Length: ${BIG.length}\r\n\r\n${BIG}`,
    body: BIG.length,
    follows: 'next',
  },
  {
    says: 'chunks and a trailer',
    sent: GET,
    answer: '200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\nok\r\n0\r\nX: y\r\n\r\n',
    body: 22,
    follows: 'next',
  },
  {
    says: 'a chunk longer than can be held',
    sent: GET,
    answer: `200 OK\r\nTransfer-Encoding: chunked\r\n\r\n186a0\r\n${BIG}\r\n1\r\ny\r\n0\r\n\r\n`,
    body: BIG.length + 20,
    follows: 'next',
  },
  {
    says: 'Connection: close',
    sent: GET,
    answer: '200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok',
    body: 2,
    follows: 'close',
  },
  {
    says: 'Connection: close asked for',
    sent: GET.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'),
    answer: '200 OK\r\nContent-Length: 2\r\n\r\nok',
    body: 2,
    follows: 'close',
  },
  {
    says: 'HTTP/1.0, kept by one alone',
    sent: OLD,
    answer: '200 OK\r\nContent-Length: 0\r\n\r\n',
    body: 0,
    follows: 'close',
  },
  {
    says: 'HTTP/1.0, kept by both',
    sent: OLD,
    answer: '200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 0\r\n\r\n',
    body: 0,
    follows: 'next',
  },
  { says: 'a body up to the end', sent: GET, answer: '200 OK\r\n\r\nall of it', ends: true, body: 9, follows: 'close' },
  {
    says: 'a body cut short',
    sent: GET,
    answer: '200 OK\r\nContent-Length: 9\r\n\r\nsome',
    ends: true,
    body: 4,
    cut: true,
    follows: 'close',
  },
  {
    says: 'chunks cut short',
    sent: GET,
    answer: '200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nsome',
    ends: true,
    body: 7,
    cut: true,
    follows: 'close',
  },
] as const satisfies readonly object[];

test('an answer passes byte for byte, and what can follow is known', async (t) => {
  const conversations = new Conversations(t);
  for (const row of passing) {
    await t.test(row.says, async (each) => {
      const text = `HTTP/1.1 ${row.answer}`;
      const origin = await answering(each, (_, socket) => ('ends' in row ? socket.end(text) : socket.write(text)));
      const { client, conversation } = await conversations.open(row.sent);
      const ended = await exchange(conversation, origin.to);
      const { status, answerBodyBytes, failure, cut, follows } = ended;
      deepEqual(
        [status, answerBodyBytes, failure, cut, follows],
        [Number(row.answer.slice(0, 3)), row.body, undefined, 'cut' in row, row.follows],
      );
      conversation.close('fin');
      equal((await readAll(client)).text, text);
      client.end();
      equal(origin.got(), row.sent);
    });
  }
});

const refused = [
  { says: 'two readings of its length', answer: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok' },
  { says: 'no HTTP', answer: 'SSH-2.0-x\r\n' },
  { says: 'an end in the middle of its head', answer: 'HTTP/1.1 200 OK\r\nContent-', ends: true },
  { says: 'a head without end', answer: `HTTP/1.1 200 OK\r\nX: ${BIG}` },
  { says: '101 that nobody asked for', answer: 'HTTP/1.1 101 x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n' },
  { says: '101 to something else', sent: WEBSOCKET, answer: 'HTTP/1.1 101 x\r\nUpgrade: h2c\r\n\r\n' },
  { says: '101 to nothing', sent: WEBSOCKET, answer: 'HTTP/1.1 101 x\r\n\r\n' },
] as const satisfies readonly object[];

test('of an answer that cannot be read strictly not one byte passes', async (t) => {
  const conversations = new Conversations(t);
  for (const row of refused) {
    await t.test(row.says, async (each) => {
      const origin = await answering(each, (_, socket) =>
        'ends' in row ? socket.end(row.answer) : socket.write(row.answer),
      );
      const { client, conversation } = await conversations.open('sent' in row ? row.sent : GET);
      const { status, failure, follows } = await exchange(conversation, origin.to);
      deepEqual([status, failure?.code, failure?.httpStatus, follows], [0, 'bad-answer', 502, 'close']);
      conversation.close('fin');
      equal((await readAll(client)).text, '');
      client.end();
    });
  }
});

test('a chunk that is none ends the answer where it stands', async (t) => {
  const start = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n';
  const origin = await answering(t, (_, socket) => {
    socket.write(start);
    setImmediate(() => socket.write('zz\r\n'));
  });
  const { client, conversation } = await new Conversations(t).open(GET);
  const { cut, follows, failure } = await exchange(conversation, origin.to);
  deepEqual([cut, follows, failure?.code], [false, 'close', 'bad-answer']);
  conversation.close('fin');
  match((await readAll(client)).text, /^HTTP\/1\.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n(2\r\nok\r\n)?$/);
});

test('any number of interim answers passes ahead of the final one, without the field of the time', async (t) => {
  const interim = 'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n';
  const origin = await answering(t, (_, socket) => {
    for (let times = 0; times < 20; times++) socket.write(interim);
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
  });
  const { client, conversation } = await new Conversations(t).open(GET);
  const { status, follows } = await exchange(conversation, origin.to, 'x-ms');
  deepEqual([status, follows], [200, 'next']);
  conversation.close('fin');
  const { text } = await readAll(client);
  equal(text.slice(0, 20 * interim.length), interim.repeat(20));
  match(text.slice(20 * interim.length), /^HTTP\/1\.1 200 OK\r\nx-ms: \d+\r\nContent-Length: 2\r\n\r\nok$/);
});

test('the time is told behind the status line, once, and counts as head', async (t) => {
  const conversations = new Conversations(t);
  const answers = ['HTTP/1.1 200 OK\r\nX-MS: own\r\nContent-Length: 2\r\n\r\nok', 'HTTP/1.1 204 x\r\n\r\n'];
  const wanted = [
    /^HTTP\/1\.1 200 OK\r\nX-MS: own\r\nContent-Length: 2\r\n\r\nok$/,
    /^HTTP\/1\.1 204 x\r\nx-ms: \d+\r\n\r\n$/,
  ];
  for (const [at, answer] of answers.entries()) {
    const origin = await answering(t, (_, socket) => socket.write(answer));
    const { client, conversation } = await conversations.open(GET);
    const { serviceMs, answerBodyBytes } = await exchange(conversation, origin.to, 'x-ms');
    deepEqual([typeof serviceMs, answerBodyBytes], ['number', at === 0 ? 2 : 0]);
    conversation.close('fin');
    match((await readAll(client)).text, wanted[at] ?? /^$/);
    client.end();
  }
});

test('two requests in one segment: the second stays held until the first is answered', async (t) => {
  const origin = await answering(t, (request, socket) =>
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n${request.slice(5, 7)}`),
  );
  const [one, two] = [GET.replace('/', '/11'), GET.replace('/', '/22')];
  const { client, conversation } = await new Conversations(t).open(one + two);
  equal((await exchange(conversation, origin.to)).follows, 'next');
  equal(origin.got(), one);
  equal((await exchange(conversation, undefined)).follows, 'next');
  equal(origin.got(), one + two);
  conversation.close('fin');
  match((await readAll(client)).text, /^[^]*\r\n\r\n11HTTP[^]*\r\n\r\n22$/);
});

test('an upstream that goes without a byte is lost, and the client is still there', async (t) => {
  const conversations = new Conversations(t);
  for (const how of ['end', 'resetAndDestroy'] as const) {
    const origin = await answering(t, (_, socket) => void socket[how]());
    const { conversation } = await conversations.open(GET);
    const { follows, status, failure } = await exchange(conversation, origin.to);
    deepEqual([follows, status, failure, conversation.over], ['lost', 0, undefined, false], how);
    conversation.close('rst');
  }
});

test('a client that goes while its answer is owed ends the exchange', async (t) => {
  const origin = await answering(t, () => client.resetAndDestroy());
  const { client, conversation } = await new Conversations(t).open(GET);
  const { follows, status } = await exchange(conversation, origin.to);
  deepEqual([follows, status, conversation.over], ['gone', 0, true]);
});

test('an answer ahead of the end of the request passes, and nothing follows it', async (t) => {
  const text = 'HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno';
  const origin = await answering(t, (_, socket) => socket.write(text));
  const { client, conversation } = await new Conversations(t).open(`${POST}ab`);
  const { status, serviceMs, follows } = await exchange(conversation, origin.to);
  deepEqual([status, serviceMs, follows], [413, 0, 'close']);
  conversation.close('fin');
  equal((await readAll(client)).text, text);
});

test('101 to what was asked for: the head passes, and nothing behind it', async (t) => {
  const text = 'HTTP/1.1 101 x\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\n\r\n';
  const origin = await answering(t, (_, socket) => socket.write(`${text}frame`));
  const { client, conversation } = await new Conversations(t).open(`${WEBSOCKET}frame`);
  const { status, follows } = await exchange(conversation, origin.to);
  deepEqual([status, follows], [101, 'tunnel']);
  const held = await conversation.inspect('upstream', 0, 5_000);
  equal(Buffer.from(held?.bytes ?? []).toString(), 'frame');
  equal(origin.got(), WEBSOCKET);
  conversation.forward('upstream', 5, 'reached');
  await until(() => client.bytesRead === text.length + 5);
  conversation.close('rst');
});

test('a chunked body that is none: the request fails, and nothing passes from there on', async (t) => {
  const head = 'POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n';
  const origin = await answering(t, () => undefined);
  const { conversation } = await new Conversations(t).open(`${head}2\r\nok\r\nGET / HTTP/1.1`);
  const { failure, follows } = await exchange(conversation, origin.to);
  deepEqual([failure?.code, failure?.httpStatus, follows], ['bad-request', 400, 'close']);
  conversation.close('rst');
  await conversation.closedEvent;
  equal(origin.got(), head);
});
