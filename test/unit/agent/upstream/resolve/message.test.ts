import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Answer, decode, encode } from 'dns-packet';
import * as fc from 'fast-check';
import { encodeQuery, type Question, readReply } from '../../../../../agent/upstream/resolve/message.ts';
import { addressRecord, aliasRecord, soaRecord } from '../../../../support/dns-server.ts';
import { name } from '../../../../support/dns-zone.ts';

const QUESTION: Question = { id: 0x1234, name: name('api.example'), type: 'A' };

test('the query on the wire: recursion desired, one question, EDNS of 1232 bytes', () => {
  const packet = decode(Buffer.from(encodeQuery(QUESTION, true)));
  assert.equal(packet.id, 0x1234);
  assert.equal(packet.flags, 0x0100);
  assert.deepEqual(packet.questions, [{ name: 'api.example', type: 'A', class: 'IN' }]);
  const [opt] = packet.additionals ?? [];
  assert.ok(opt?.type === 'OPT');
  assert.deepEqual([opt.udpPayloadSize, opt.ednsVersion, opt.flag_do], [1232, 0, false]);
  assert.equal(decode(Buffer.from(encodeQuery(QUESTION, false))).additionals?.length, 0);
});

describe('readReply', () => {
  const whole = answer();

  test('a proper answer', () => {
    const reply = readReply(whole, QUESTION);
    assert.ok(reply?.kind === 'records');
    assert.equal(reply.rcode, 0);
    assert.deepEqual(
      reply.answers.map((record) => record.type),
      ['CNAME', 'A', 'A'],
    );
    assert.deepEqual(
      reply.authorities.map((record) => record.type),
      ['SOA'],
    );
  });

  test('the name may come back in other letters', () => {
    const upper = Buffer.from(whole);
    upper.write('API', 13);
    assert.equal(readReply(upper, QUESTION)?.kind, 'records');
  });

  test('the upper bits of the code stand in the OPT record', () => {
    assert.equal(codeOf({ extendedRcode: 1 }), 16);
  });

  test('cut at any length, nothing is taken', () => {
    for (let length = 0; length < whole.length; length++) {
      assert.equal(readReply(whole.subarray(0, length), QUESTION), undefined, `${length} bytes`);
    }
  });

  test('a record that tells another length than it has, nothing is taken', () => {
    const one = answerOf([addressRecord('api.example', '203.0.113.7')]);
    const lengthAt = one.indexOf(Buffer.from([0, 4, 203, 0, 113, 7])) + 1;
    for (const told of [0, 3, 5, 255]) {
      const lying = Buffer.from(one);
      lying[lengthAt] = told;
      assert.equal(readReply(lying, QUESTION), undefined, `${told} for 4`);
    }
  });

  test('a signature that is cut short, nothing is taken', () => {
    const signed = answerOf([addressRecord('api.example', '203.0.113.7')], [SIGNATURE]);
    assert.equal(readReply(signed, QUESTION)?.kind, 'records');
    assert.equal(readReply(signed.subarray(0, -1), QUESTION), undefined);
  });

  test('truncated: recognised wherever it is cut behind the question', () => {
    const truncated = Buffer.from(whole);
    truncated[2] = (truncated[2] ?? 0) | 0x02;
    const questionEnd = 12 + 'api.example'.length + 2 + 4;
    for (let length = 0; length <= truncated.length; length++) {
      const kind = readReply(truncated.subarray(0, length), QUESTION)?.kind;
      assert.equal(kind, length < questionEnd ? undefined : 'truncated', `${length} bytes`);
    }
  });

  test('more than a believable answer is SERVFAIL, and not decoded', () => {
    const records = (count: number) =>
      readReply(answerOf(Array.from({ length: count }, () => addressRecord('api.example', '203.0.113.7'))), QUESTION);
    const [most, more] = [records(255), records(256)];
    assert.ok(most?.kind === 'records' && more?.kind === 'records');
    assert.deepEqual([most.rcode, most.answers.length], [0, 255]);
    assert.deepEqual([more.rcode, more.answers.length], [2, 0]);
    const long = readReply(Buffer.concat([whole, Buffer.alloc(16 * 1024)]), QUESTION);
    assert.ok(long?.kind === 'records' && long.rcode === 2);
  });

  test('any bytes: never throws, and only the right question is an answer', () => {
    const flips = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 8 });
    fc.assert(
      fc.property(flips, fc.uint8Array({ maxLength: 40 }), (changes, tail) => {
        const bytes = Buffer.concat([whole, tail]);
        for (const [at, value] of changes) bytes[at] = value;
        const reply = readReply(bytes, QUESTION);
        if (reply) assert.equal(bytes.readUInt16BE(0), QUESTION.id);
      }),
      { numRuns: 2_000 },
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => void readReply(bytes, QUESTION)));
  });
});

function answer(): Buffer {
  return answerOf([
    aliasRecord('api.example', 'cdn.example'),
    addressRecord('cdn.example', '203.0.113.7'),
    addressRecord('cdn.example', '203.0.113.8'),
  ]);
}

const SIGNATURE: Answer = {
  type: 'RRSIG',
  name: 'example',
  class: 'IN',
  ttl: 60,
  data: {
    typeCovered: 'SOA',
    algorithm: 13,
    labels: 1,
    originalTTL: 60,
    expiration: 2,
    inception: 1,
    keyTag: 7,
    signersName: 'example',
    signature: Buffer.alloc(64, 1),
  },
};

function answerOf(answers: Answer[], authorities = [soaRecord('example', 60, 60)]): Buffer {
  return encode({
    type: 'response',
    id: QUESTION.id,
    questions: [{ name: 'api.example', type: 'A', class: 'IN' }],
    answers,
    authorities,
  });
}

function codeOf(opt: { readonly extendedRcode: number }): number | undefined {
  const bytes = encode({
    type: 'response',
    id: QUESTION.id,
    questions: [{ name: 'api.example', type: 'A', class: 'IN' }],
    additionals: [
      { type: 'OPT', name: '.', udpPayloadSize: 512, ednsVersion: 0, flags: 0, flag_do: false, options: [], ...opt },
    ],
  });
  const reply = readReply(bytes, QUESTION);
  return reply?.kind === 'records' ? reply.rcode : undefined;
}
