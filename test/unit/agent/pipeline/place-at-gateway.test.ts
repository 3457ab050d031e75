import { deepEqual, equal, ok } from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { startMover } from '../../../../agent/native/index.ts';
import { FirstLook } from '../../../../agent/pipeline/first-look.ts';
import { peerCaller, placeAtGateway, type TrustedPeers } from '../../../../agent/pipeline/place-at-gateway.ts';
import type { Accepted, Placing } from '../../../../agent/pipeline/stages.ts';
import { Conversation } from '../../../../agent/relay/conversation.ts';
import type { Preamble } from '../../../../agent/wire/proxy-v2.ts';
import { writeProxyV2 } from '../../../../agent/wire/proxy-v2-write.ts';
import { endpoint } from '../../../support/access-record.ts';
import { LOOPBACK } from '../../../support/mover-log.ts';
import { cidr, hostname } from '../registry/builders.ts';
import { ascii, concat, textOf } from '../wire/settling.ts';

const TRUSTED: TrustedPeers = [cidr('203.0.113.0/24'), cidr('127.0.0.0/8')];
const STRANGERS: TrustedPeers = [cidr('203.0.113.0/24')];
const SLEEP = { namespace: 'shop', name: 'sleep', serviceAccount: 'default' };
const TOLD: Preamble = {
  source: endpoint('198.18.0.140', 47_942),
  destination: endpoint('203.0.113.80', 443),
  workload: SLEEP,
  serverName: hostname('aliyun.com'),
};
const HEADER = writeProxyV2(TOLD);
const REQUEST = ascii('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n');

type Dialled = { readonly client: Socket; readonly conversation: Conversation };

function accepted({ conversation }: Dialled): Accepted {
  return { conversation, caller: peerCaller(conversation.opening.peer.ip), startedAt: 7 };
}

/** The real mover on loopback. It tells of a connection once that has spoken: what is said first is there at once. */
function gateway(t: TestContext): (first: Uint8Array) => Promise<Dialled> {
  const waiting: ((conversation: Conversation) => void)[] = [];
  const options = { threads: 1, maxFlowsPerThread: 64, maxHeldBytes: 65_536, halfCloseMs: 300, lingerMs: 300 };
  const mover = startMover(options, (flow, event) => {
    const conversation = new Conversation(mover, flow, event);
    waiting.shift()?.(conversation);
    return conversation;
  });
  t.after(() => mover.stop());
  const at = { netns: undefined, ip: LOOPBACK[4], port: 0, sharing: 'per-thread', transparent: false } as const;
  const { port } = mover.listen(at);
  return async (first) => {
    const { promise, resolve } = Promise.withResolvers<Conversation>();
    waiting.push(resolve);
    const client = connect({ port, host: LOOPBACK[4], allowHalfOpen: true, noDelay: true });
    client.on('error', () => undefined);
    client.write(first);
    return { client, conversation: await promise };
  };
}

/** Each piece leaves by itself. */
async function say({ client }: Dialled, pieces: readonly Uint8Array[]): Promise<void> {
  for (const piece of pieces) await new Promise((resolve) => client.write(piece, resolve));
}

/** Where a flow is placed whose trusted peer says this; `end`: and then nothing more. */
async function placeOf(
  t: TestContext,
  [first = NOTHING, ...pieces]: readonly Uint8Array[],
  end = false,
): Promise<Dialled & { readonly placing: Placing }> {
  const dialled = await gateway(t)(first);
  const coming = placeAtGateway(accepted(dialled), TRUSTED);
  await say(dialled, pieces);
  if (end) dialled.client.end();
  return { ...dialled, placing: await coming };
}

const NOTHING = new Uint8Array(0);

function byByte(bytes: Uint8Array): readonly Uint8Array[] {
  return Array.from(bytes, (byte) => Uint8Array.of(byte));
}

/** Looks on from what was placed, to the request behind the header; and at what the mover holds then. */
async function lookedOn({
  placing,
  conversation,
}: Dialled & { readonly placing: Placing }): Promise<readonly unknown[]> {
  ok(placing.ok === true);
  const look = new FirstLook(conversation, placing.first, 'anything', placing.refuses);
  const step = await look.settle(5_000);
  const held = await conversation.inspect('client', 0);
  return [step, look.request?.method, look.passed, textOf(held?.bytes)];
}

for (const [says, pieces] of [
  ['in one piece', [HEADER, REQUEST]],
  ['byte by byte', [...byByte(HEADER), REQUEST]],
  ['with the request behind it', [concat(HEADER, REQUEST)]],
  ['with a part of the request behind it', [concat(HEADER, REQUEST.subarray(0, 7)), REQUEST.subarray(7)]],
  ['all of it byte by byte', byByte(concat(HEADER, REQUEST))],
] as const) {
  test(`a trusted peer's header ${says}: the rest is as on any flow`, async (t) => {
    const placed = await placeOf(t, pieces);
    ok(placed.placing.ok === true);
    equal(placed.placing.refuses, undefined);
    ok(textOf(REQUEST).startsWith(textOf(placed.placing.first.bytes)), 'no more than what is behind it');
    deepEqual(await lookedOn(placed), ['settled', 'GET', 0, textOf(REQUEST)]);
  });
}

test('a header that is there when the connection is accepted needs no question', async (t) => {
  const dialled = await gateway(t)(concat(HEADER, REQUEST));
  equal(dialled.conversation.opening.bytes.length, HEADER.length + REQUEST.length);
  const placing = await placeAtGateway(accepted(dialled), TRUSTED);
  ok(placing.ok === true);
  deepEqual(placing.first, { bytes: Buffer.from(REQUEST), ended: false });
  deepEqual(await lookedOn({ ...dialled, placing }), ['settled', 'GET', 0, textOf(REQUEST)]);
});

test('nothing behind the header: the end of the client is told, and nothing is held', async (t) => {
  const placed = await placeOf(t, [HEADER], true);
  ok(placed.placing.ok === true);
  const held = await placed.conversation.inspect('client', 0);
  deepEqual([textOf(held?.bytes), held?.ended], ['', true]);
});

test('it tells whose flow this is, and where that went; the connection itself is the gateway’s', async (t) => {
  const { placing, conversation } = await placeOf(t, [HEADER]);
  ok(placing.ok === true);
  const { peer, local } = conversation.opening;
  deepEqual(placing.located, {
    conversation,
    startedAt: 7,
    caller: { key: 'shop/sleep', namespace: null, pod: null },
    destination: local,
    client: TOLD.source,
    asked: { destination: TOLD.destination, answers: undefined, listener: local.port },
    claim: SLEEP,
  });
  equal(peer.ip, LOOPBACK[4]);
});

test('a header that names no workload: the flow is its address’s', async (t) => {
  const { placing, conversation } = await placeOf(t, [writeProxyV2({ ...TOLD, workload: undefined })]);
  ok(placing.ok === true);
  const { caller, claim, client } = placing.located;
  deepEqual([caller, claim, client], [peerCaller(TOLD.source.ip), undefined, TOLD.source]);
  conversation.close('rst');
});

test('a header over IPv6', async (t) => {
  const told = { ...TOLD, source: endpoint('2001:db8::140', 47_942), destination: endpoint('2001:db8:1::443', 443) };
  const { placing } = await placeOf(t, [writeProxyV2(told)]);
  ok(placing.ok === true);
  deepEqual([placing.located.client, placing.located.asked.destination], [told.source, told.destination]);
});

for (const [says, pieces, code] of [
  ['nothing, and ends', [], 'preamble-missing'],
  ['a request', [REQUEST], 'preamble-missing'],
  ['a request, byte by byte', byByte(REQUEST), 'preamble-missing'],
  ['line ends and then a request', [concat(ascii('\r\n\r\n'), REQUEST)], 'preamble-missing'],
  ['a hello', [Uint8Array.of(22, 3, 1, 0, 200, 1)], 'preamble-missing'],
  ['a header of version 1', [ascii('PROXY TCP4 198.18.0.140 203.0.113.80 47942 443\r\n')], 'preamble-missing'],
  ['one byte of a header, and ends', [HEADER.subarray(0, 1)], 'preamble-bad'],
  ['a header cut behind its addresses, and ends', [HEADER.subarray(0, 28)], 'preamble-bad'],
  ['all but the last byte of a header, and ends', [HEADER.subarray(0, -1)], 'preamble-bad'],
  ['a header for command LOCAL', [changed(12, 0x20)], 'preamble-bad'],
  ['a header that is too long', [changed(14, 0xff)], 'preamble-bad'],
  ['a header whose length was damaged to that of the addresses', [changed(15, 12)], 'preamble-bad'],
] as const) {
  test(`a trusted peer says ${says}: ${code}`, async (t) => {
    const { placing } = await placeOf(t, pieces, true);
    deepEqual(placing, { ok: false, code });
  });
}

function changed(at: number, to: number): Uint8Array {
  return HEADER.with(at, to);
}

test('whichever byte of the header is damaged, nobody is spoken for', async (t) => {
  const open = gateway(t);
  for (let at = 0; at < HEADER.length; at++) {
    const dialled = await open(concat(changed(at, (HEADER[at] ?? 0) ^ 1), REQUEST));
    dialled.client.end();
    deepEqual(
      await placeAtGateway(accepted(dialled), TRUSTED),
      { ok: false, code: at < 12 ? 'preamble-missing' : 'preamble-bad' },
      `byte ${at}`,
    );
    dialled.conversation.close('rst');
    await dialled.conversation.closedEvent;
  }
});

for (const [says, first, code] of [
  ['nothing', NOTHING, 'preamble-missing'],
  ['no more than the beginning of a header', HEADER.subarray(0, 20), 'preamble-bad'],
] as const) {
  test(`a trusted peer says ${says} for ten seconds: ${code}`, async (t) => {
    const dialled = await gateway(t)(first);
    const times = [0, 9_999.5];
    t.mock.method(performance, 'now', () => times.shift() ?? 10_000);
    deepEqual(await placeAtGateway(accepted(dialled), TRUSTED), { ok: false, code });
    equal(dialled.conversation.over, false, 'it is for the caller to end');
  });
}

test('a trusted peer that goes meanwhile', async (t) => {
  const dialled = await gateway(t)(HEADER.subarray(0, 20));
  const coming = placeAtGateway(accepted(dialled), TRUSTED);
  dialled.client.resetAndDestroy();
  deepEqual(await coming, { ok: 'gone' });
});

for (const [says, trusted] of [
  ['a stranger', STRANGERS],
  ['anybody, where nobody is trusted', []],
] as const) {
  test(`${says} is placed at once, whatever it says, and may say nothing of others`, async (t) => {
    const dialled = await gateway(t)(HEADER);
    const flow = accepted(dialled);
    const placing = placeAtGateway(flow, trusted);
    const { opening } = dialled.conversation;
    const { peer, local } = opening;
    const asked = { destination: { ip: undefined, port: local.port }, answers: undefined, listener: local.port };
    deepEqual(placing, {
      ok: true,
      located: { ...flow, destination: local, client: peer, asked },
      first: opening,
      refuses: 'preamble',
    });
    const held = await dialled.conversation.inspect('client', 0);
    deepEqual(new Uint8Array(held?.bytes ?? []), HEADER, 'it is held as it came');
  });
}
