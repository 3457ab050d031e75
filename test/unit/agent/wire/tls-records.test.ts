import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstMessage, HELLO_CAP_BYTES } from '../../../../agent/wire/tls-records.ts';
import { helloMessage, inRecords, message, record } from './hello-bytes.ts';
import { ascii, concat, settlesAt } from './settling.ts';

const good = inRecords(helloMessage());

const beginnings = [
  { says: 'nothing yet', bytes: [], want: 'more' },
  { says: 'type of a handshake record alone', bytes: [22], want: 'more' },
  { says: 'handshake record of version 3.255', bytes: [22, 3, 255], want: 'more' },
  { says: 'text', bytes: [...ascii('GET / HTTP/1.1')], want: 'not-tls' },
  { says: 'zero', bytes: [0], want: 'not-tls' },
  { says: '22 that is no record', bytes: [22, 4], want: 'not-tls' },
  { says: 'an alert first', bytes: [21, 3, 3, 0, 2, 1, 0], want: 'malformed' },
  { says: 'a cipher change first', bytes: [20, 3, 3, 0, 1, 1], want: 'malformed' },
  { says: 'application data first', bytes: [23, 3, 3, 0, 1, 1], want: 'malformed' },
  { says: '21 that is no record', bytes: [21, 5], want: 'not-tls' },
  { says: 'the type of an alert alone', bytes: [21], want: 'more' },
  { says: 'a heartbeat', bytes: [24, 3, 1], want: 'not-tls' },
  { says: 'a hello in the frame of SSL 2.0, offering TLS 1.2', bytes: [0x80, 46, 1, 3, 3, 0, 21], want: 'sslv2' },
  { says: 'a hello of SSL 2.0 itself', bytes: [0x80, 46, 1, 0, 2], want: 'sslv2' },
  { says: 'the frame of SSL 2.0, incomplete', bytes: [0x80, 46], want: 'more' },
  { says: 'the frame of SSL 2.0 up to the type', bytes: [0x80, 46, 1], want: 'more' },
  { says: 'the frame of SSL 2.0 up to the major version', bytes: [0x80, 46, 1, 0], want: 'more' },
  { says: 'the frame of SSL 2.0 around another message', bytes: [0x80, 46, 2], want: 'not-tls' },
  { says: 'the frame of SSL 2.0 with version 1', bytes: [0x80, 46, 1, 1], want: 'not-tls' },
  { says: 'the frame of SSL 2.0 with version 0.3', bytes: [0x80, 46, 1, 0, 3], want: 'not-tls' },
  { says: 'a server hello', bytes: [...inRecords(message(2, new Uint8Array(40)))], want: 'malformed' },
  { says: 'an empty record', bytes: [...record(22, new Uint8Array(0))], want: 'malformed' },
  { says: 'a record over 2^14 bytes', bytes: [22, 3, 1, 0x40, 1], want: 'malformed' },
  { says: 'a record of 2^14 bytes, begun', bytes: [22, 3, 1, 0x40, 0], want: 'more' },
  {
    says: 'a message over the cap, as soon as it says so',
    bytes: [22, 3, 1, 0x40, 0, 1, 0, 0x40, 1],
    want: 'malformed',
  },
  { says: 'a message of 16 MiB', bytes: [22, 3, 1, 0, 4, 1, 0xff, 0xff, 0xff], want: 'malformed' },
] as const;

for (const { says, bytes, want } of beginnings) {
  test(`${says}: ${want}`, () => {
    const whole = Uint8Array.from(bytes);
    assert.equal(firstMessage(whole).kind, want);
    settlesAt(whole, firstMessage);
  });
}

test('the message is taken out of any records, and bytes behind change nothing', () => {
  for (const size of [1, 2, 3, 4, 5, 50, 16_384]) {
    const bytes = inRecords(helloMessage(), size);
    const expected = { kind: 'message', body: helloMessage().slice(4) };
    assert.deepEqual(firstMessage(bytes), expected, `records of ${size}`);
    assert.deepEqual(firstMessage(concat(bytes, record(23, ascii('early data')))), expected);
    assert.equal(settlesAt(bytes, firstMessage), bytes.length);
  }
});

const spoilt = [
  {
    says: 'an alert between the records',
    bytes: concat(
      record(22, helloMessage().slice(0, 9)),
      record(21, Uint8Array.of(1, 0)),
      record(22, helloMessage().slice(9)),
    ),
  },
  {
    says: 'an empty record between',
    bytes: concat(record(22, helloMessage().slice(0, 9)), record(22, new Uint8Array(0))),
  },
  {
    says: 'a second record of another major version',
    bytes: concat(record(22, helloMessage().slice(0, 9)), Uint8Array.of(22, 4)),
  },
  { says: 'a second hello in the same record', bytes: record(22, concat(helloMessage(), helloMessage())) },
  {
    says: 'a byte behind the message in its second record',
    bytes: concat(
      record(22, helloMessage().slice(0, 9)),
      record(22, concat(helloMessage().slice(9), Uint8Array.of(0))),
    ),
  },
];

for (const { says, bytes } of spoilt) {
  test(`malformed: ${says}`, () => {
    assert.equal(firstMessage(bytes).kind, 'malformed');
    const at = settlesAt(bytes, firstMessage);
    assert.ok(at <= bytes.length);
  });
}

test('a message exactly at the cap is read, also in records of one byte; one byte more is malformed at its header', () => {
  const full = message(1, new Uint8Array(HELLO_CAP_BYTES));
  for (const size of [1, 16_384]) {
    const result = firstMessage(inRecords(full, size));
    assert.equal(result.kind === 'message' && result.body.length, HELLO_CAP_BYTES);
  }
  assert.equal(firstMessage(inRecords(message(1, new Uint8Array(HELLO_CAP_BYTES + 1))).slice(0, 9)).kind, 'malformed');
});

test('a hello cut short stays open', () => {
  for (let length = 0; length < good.length; length++) assert.equal(firstMessage(good.slice(0, length)).kind, 'more');
});
