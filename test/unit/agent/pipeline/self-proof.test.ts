import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { LiveFlows } from '../../../../agent/pipeline/live-flows.ts';
import {
  answerProof,
  isProofDestination,
  parseProofRequest,
  readProofRequest,
} from '../../../../agent/pipeline/self-proof.ts';
import { endpoint } from '../../../support/access-record.ts';
import { readAll } from '../../../support/mover-log.ts';
import { Conversations } from '../relay/conversations.ts';
import { located, SHOP } from './staged.ts';

const TOKEN = '0123456789abcdef'.repeat(4);
const bytes = (text: string) => new TextEncoder().encode(text);

test('exactly two destinations can be asked for a proof', () => {
  const asked = ['192.0.2.1 1', '2001:db8::1 1', '192.0.2.1 2', '192.0.2.2 1', '2001:db8::1 2', '203.0.113.1 1'];
  const answers = asked.map((text) => {
    const [ip = '', port] = text.split(' ');
    return isProofDestination(endpoint(ip, Number(port)));
  });
  deepEqual(answers, [true, true, false, false, false, false]);
});

test('the two lines that ask', () => {
  deepEqual(parseProofRequest(bytes(`WEIR-VERIFY ${TOKEN}\n`)), { word: 'verify', token: TOKEN });
  deepEqual(parseProofRequest(bytes(`WEIR-UNDO ${TOKEN}\n`)), { word: 'undo', token: TOKEN });
});

test('every line that is cut, longer or other asks nothing', () => {
  const line = `WEIR-VERIFY ${TOKEN}\n`;
  for (let length = 0; length < line.length; length++)
    equal(parseProofRequest(bytes(line.slice(0, length))), undefined);
  const others = [
    `${line}x`,
    `${line}\n`,
    ` ${line}`,
    line.toLowerCase(),
    line.replace(' ', '  '),
    line.replace('0', 'g'),
  ];
  for (const text of [...others, line.replace('\n', '\r\n'), line.replace('a', 'A'), line.replace('VERIFY', 'REMOVE')])
    equal(parseProofRequest(bytes(text)), undefined, JSON.stringify(text));
});

test('random bytes ask nothing, and nothing throws', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (random) => parseProofRequest(random) === undefined));
});

for (const [family, ip] of [
  [4, '192.0.2.1'],
  [6, '2001:db8::1'],
] as const) {
  test(`v${family}: the answer is the token and the destination, also if the line comes byte by byte`, async (t) => {
    const { client, conversation } = await new Conversations(t).open('W');
    const flow = located(conversation, ip, 1);
    const reading = readProofRequest(flow);
    for (const byte of `EIR-VERIFY ${TOKEN}\n`) client.write(byte);
    const request = await reading;
    deepEqual(request, { word: 'verify', token: TOKEN });
    if (request) await answerProof(flow, request, new LiveFlows(1));
    equal((await readAll(client)).text, `${TOKEN} ${family === 6 ? `[${ip}]` : ip}:1\n`);
    client.end();
    await conversation.closedEvent;
  });
}

test('other first bytes are judged like any flow, at once', async (t) => {
  const { client, conversation } = await new Conversations(t).open('GET / HTTP/1.1\r\n');
  const flow = located(conversation, '192.0.2.1', 1);
  equal(await readProofRequest(flow), undefined);
  equal(conversation.over, false);
  client.destroy();
});

test('an undo ends the other flows of its namespace before it is answered', async (t) => {
  const conversations = new Conversations(t);
  const other = await conversations.open();
  const { client, conversation } = await conversations.open();
  const live = new LiveFlows(8);
  live.admit(SHOP, other.conversation);
  live.admit(SHOP, conversation);
  const flow = located(conversation, '192.0.2.1', 1);
  await answerProof(flow, { word: 'undo', token: TOKEN }, live);
  equal(other.conversation.over, true);
  equal(live.isClosing(SHOP), true);
  equal((await readAll(client)).text, `${TOKEN} 192.0.2.1:1\n`);
  client.end();
  await conversation.closedEvent;
});
