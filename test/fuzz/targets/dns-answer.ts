import assert from 'node:assert/strict';
import { type Answer, encode } from 'dns-packet';
import { parseIp } from '../../../agent/model/address.ts';
import { parseHostname } from '../../../agent/model/hostname.ts';
import { interpret, MAX_ALIASES } from '../../../agent/upstream/resolve/interpret.ts';
import { entryOf } from '../../../agent/upstream/resolve/lifetime.ts';
import { type Question, readReply } from '../../../agent/upstream/resolve/message.ts';
import { name } from '../../support/dns-zone.ts';
import { assertSettlesOnce, cutsOf, sizeOf } from '../harness/prefixes.ts';
import type { Random } from '../harness/random.ts';
import type { Target } from '../harness/target.ts';

const NAME = name('api.example');
const TYPES = ['A', 'AAAA'] as const;
const ID = 0x1234;

export const dnsAnswer: Target = {
  name: 'dns-answer',
  invariant:
    'Any message is read without throwing; it is nothing or the same whatever stands behind it; what is made of it are ' +
    'addresses and names in canonical form, few links, and times that are numbers in their bounds.',
  seeds: () => [
    message('A', [A]),
    message('AAAA', [AAAA]),
    message('A', [CNAME, A]),
    message('A', [], [SOA]),
    message('A', [CNAME], [SOA], 3),
  ],
  mutators: [otherRecords, otherRecords, changeCounts, changeHeader, pointAnywhere],
  tokens: [
    '\xc0\x0c',
    '\xc0\x00',
    '\xff\xff',
    '\x00\x01\x00\x01',
    '\x00\x05\x00\x01',
    '\x00\x1c\x00\x01',
    '\x00\x06\x00\x01',
    '\x00\x29',
    '\x03api\x07example\x00',
    '\x80\x00\x00\x00',
  ],
  check(input, thorough) {
    return TYPES.flatMap((type) => {
      const question: Question = { id: ID, name: NAME, type };
      const read = (bytes: Uint8Array) => readReply(bytes, question);
      const reply = assertSettlesOnce(input, cutsOf(input, thorough, 6), read, (result) => result === undefined);
      return reply?.kind === 'records' ? assertSound(type, reply) : [`${reply?.kind}`];
    });
  },
};

type Records = Parameters<typeof interpret>[2];

/** Answers what the reply showed. */
function assertSound(type: Question['type'], reply: Records): readonly string[] {
  const step = interpret(NAME, type, reply, []);
  if (step.kind === 'failed') return [step.because];
  if (step.ttl !== undefined) assert.ok(step.ttl >= 0 && step.ttl <= 0x7fff_ffff, `a TTL of ${step.ttl}`);
  if (step.kind === 'absent') return [`${step.because} ${step.ttl === undefined}`];
  assert.ok(step.cnames.length <= MAX_ALIASES && !step.cnames.includes(NAME));
  assert.equal(new Set(step.cnames).size, step.cnames.length);
  for (const alias of step.cnames) assert.equal(parseHostname(alias), alias);
  if (step.kind === 'alias') {
    assert.equal(step.to, step.cnames.at(-1));
    return [`alias behind ${step.cnames.length}`];
  }
  assert.ok(step.ips.length > 0);
  for (const ip of step.ips) assert.equal(parseIp(ip), ip);
  const entry = entryOf([step], false, 0, LIFETIMES);
  assert.ok(entry.freshUntil >= LIFETIMES.floorMs && entry.freshUntil <= LIFETIMES.ceilingMs);
  assert.ok(entry.staleUntil >= entry.freshUntil && entry.usableUntil >= entry.freshUntil);
  return [`${step.ips.length} addresses behind ${step.cnames.length}`, `TTL of ${sizeOf(step.ttl)}`];
}

const LIFETIMES = { floorMs: 1000, ceilingMs: 3_600_000, negativeCeilingMs: 60_000, usableMs: 1000 };

const A: Answer = { type: 'A', name: 'api.example', class: 'IN', ttl: 60, data: '203.0.113.7' };
const AAAA: Answer = { type: 'AAAA', name: 'api.example', class: 'IN', ttl: 60, data: '2001:db8::7' };
const CNAME: Answer = { type: 'CNAME', name: 'api.example', class: 'IN', ttl: 30, data: 'b.example' };
const SOA: Answer = {
  type: 'SOA',
  name: 'example',
  class: 'IN',
  ttl: 300,
  data: { mname: 'ns.example', rname: 'root.example', serial: 1, refresh: 2, retry: 3, expire: 4, minimum: 60 },
};

function message(
  type: Question['type'],
  answers: readonly Answer[],
  authorities: readonly Answer[] = [],
  rcode = 0,
): Uint8Array {
  const questions = [{ name: NAME, type, class: 'IN' as const }];
  return new Uint8Array(
    encode({ type: 'response', id: ID, flags: rcode, questions, answers: [...answers], authorities: [...authorities] }),
  );
}

function otherRecords(_: Uint8Array, random: Random): Uint8Array {
  const some = () => Array.from({ length: random.small(16) }, () => anyRecord(random));
  return message(random.pick(TYPES), some(), some(), random.oneIn(3) ? random.below(16) : 0);
}

const NAMES = [
  'api.example',
  'API.example',
  'b.example',
  'c.example',
  'd.example',
  'a_b.example',
  '1.2.3.4',
  '*.example',
  'x'.repeat(63),
] as const;

function anyRecord(random: Random): Answer {
  const common = {
    name: random.pick(NAMES),
    class: random.oneIn(9) ? ('CH' as const) : ('IN' as const),
    ttl: random.pick([0, 1, 60, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff]),
  };
  switch (random.below(5)) {
    case 0:
      return { ...common, type: 'A', data: random.pick(['203.0.113.7', '0.0.0.0', '127.0.0.1']) };
    case 1:
      return { ...common, type: 'AAAA', data: random.pick(['2001:db8::7', '::', '::ffff:127.0.0.1', '64:ff9b::1']) };
    case 2:
      return { ...SOA, ...common };
    case 3:
      return { ...common, type: 'TXT', data: 'x'.repeat(random.small(300)) };
    default:
      return { ...common, type: 'CNAME', data: random.pick(NAMES) };
  }
}

/** The number of records of a section, true or not. */
function changeCounts(bytes: Uint8Array, random: Random): Uint8Array {
  const out = bytes.slice();
  const at = 4 + 2 * random.below(4);
  if (at + 1 < out.length) out.set([random.oneIn(4) ? 255 : 0, random.pick([0, 1, 2, 3, 255])], at);
  return out;
}

function changeHeader(bytes: Uint8Array, random: Random): Uint8Array {
  const out = bytes.slice();
  const at = random.below(4);
  if (at < out.length) out[at] = (out[at] ?? 0) ^ (1 << random.below(8));
  return out;
}

/** A compressed name that points elsewhere (RFC 1035 §4.1.4). */
function pointAnywhere(bytes: Uint8Array, random: Random): Uint8Array {
  const out = bytes.slice();
  if (out.length > 14) out.set([0xc0 | random.small(4), random.below(256)], 12 + random.below(out.length - 13));
  return out;
}
