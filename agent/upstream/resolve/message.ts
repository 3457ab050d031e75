/**
 * DNS messages as bytes (RFC 1035 §4, EDNS(0) RFC 6891). Contract: total over all inputs, never throws; whatever is not
 * a well-formed answer to exactly this question is `undefined`, as if it had never arrived.
 */
import { type Answer, type DecodedPacket, decode, encode, RECURSION_DESIRED } from 'dns-packet';
import type { Hostname } from '../../model/hostname.ts';

export type AddressType = 'A' | 'AAAA';
export type Question = { readonly id: number; readonly name: Hostname; readonly type: AddressType };

export type Reply =
  /** TC: ask again over TCP (RFC 7766 §5); what stands in the message is not looked at. */
  | { readonly kind: 'truncated' }
  /** A message beyond our bounds reads as SERVFAIL without records. */
  | { readonly kind: 'records'; readonly rcode: number; readonly answers: Answers; readonly authorities: Answers };
export type Answers = readonly Answer[];

/** Fits the smallest IPv6 MTU, so that no answer is fragmented (DNS flag day 2020). */
const UDP_PAYLOAD_BYTES = 1232;
const HEADER_BYTES = 12;
/**
 * Bounds on what is decoded at all. Whoever owns a name chooses the answer: 64 KiB of records behind long names cost 100 ms
 * each, and a workload may ask for any number of names. Real answers to A and AAAA stay well below.
 */
const MESSAGE_CAP_BYTES = 16 * 1024;
const RECORD_CAP = 256;
const SERVFAIL = 2;

export function encodeQuery(question: Question, edns: boolean): Uint8Array {
  return encode({
    type: 'query',
    id: question.id,
    flags: RECURSION_DESIRED,
    questions: [{ name: question.name, type: question.type, class: 'IN' }],
    additionals: edns ? [OPT] : [],
  });
}

const OPT: Answer = {
  type: 'OPT',
  name: '.',
  udpPayloadSize: UDP_PAYLOAD_BYTES,
  extendedRcode: 0,
  ednsVersion: 0,
  flags: 0,
  flag_do: false,
  options: [],
};

export function readReply(bytes: Uint8Array, question: Question): Reply | undefined {
  const message = Buffer.from(bytes); // a copy: the counts of `head` are overwritten below
  // The question is read alone first: a truncated message may end in the middle of a record.
  const head = Buffer.from(message);
  if (head.length < HEADER_BYTES) return undefined;
  head.fill(0, 6, HEADER_BYTES);
  const asked = decoded(head);
  if (!asked || !answers(asked, question)) return undefined;
  if (asked.flag_tc) return { kind: 'truncated' };
  if (message.length > MESSAGE_CAP_BYTES || recordCount(message) > RECORD_CAP)
    return { kind: 'records', rcode: SERVFAIL, answers: [], authorities: [] };
  const end = recordsEnd(message, decode.bytes);
  const packet = decoded(message.subarray(0, end));
  // dns-packet takes each record to be as long as what it reads of it, which RDLENGTH may deny.
  if (!packet || decode.bytes !== end) return undefined;
  const opt = packet.additionals?.find((record) => record.type === 'OPT');
  return {
    kind: 'records',
    rcode: ((opt?.extendedRcode ?? 0) << 4) | ((packet.flags ?? 0) & 0xf),
    answers: packet.answers ?? [],
    authorities: packet.authorities ?? [],
  };
}

/** ANCOUNT, NSCOUNT and ARCOUNT together. */
function recordCount(message: Buffer): number {
  return message.readUInt16BE(6) + message.readUInt16BE(8) + message.readUInt16BE(10);
}

/** Where the last record ends by the lengths that the records tell; beyond the message if one does not fit. `at`: the first. */
function recordsEnd(message: Buffer, at: number): number {
  let end = at;
  for (let left = recordCount(message); left > 0 && end <= message.length; left--) {
    const lengthAt = nameEnd(message, end) + TYPE_CLASS_TTL_BYTES;
    end = lengthAt + 2 + (((message[lengthAt] ?? 0) << 8) | (message[lengthAt + 1] ?? 0));
  }
  return end;
}

const TYPE_CLASS_TTL_BYTES = 8;

/** RFC 1035 §4.1.4: a name ends with an empty label, or with a pointer to the rest of it. */
function nameEnd(message: Buffer, at: number): number {
  let end = at;
  for (;;) {
    const length = message[end] ?? 0;
    if (length >= POINTER) return end + 2;
    end += 1 + length;
    if (length === 0) return end;
  }
}

const POINTER = 0xc0;

function answers(packet: DecodedPacket, question: Question): boolean {
  const [asked, ...more] = packet.questions ?? [];
  const opcode = ((packet.flags ?? 0) >> 11) & 0xf;
  return (
    packet.flag_qr &&
    opcode === 0 &&
    packet.id === question.id &&
    more.length === 0 &&
    asked?.name.toLowerCase() === question.name &&
    asked.type === question.type &&
    asked.class === 'IN'
  );
}

function decoded(bytes: Buffer): DecodedPacket | undefined {
  try {
    const packet = decode(bytes);
    return decode.bytes <= bytes.length ? packet : undefined; // dns-packet reads addresses beyond the end as undefined
  } catch {
    return undefined; // dns-packet throws on malformed bytes; to us they never arrived
  }
}
