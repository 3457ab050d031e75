import assert from 'node:assert/strict';
import { parseIp } from '../../../agent/model/address.ts';
import { parseHostname } from '../../../agent/model/hostname.ts';
import { HEAD_BYTES, REST_CAP_BYTES } from '../../../agent/wire/proxy-v2.ts';
import { readProxyV2 } from '../../../agent/wire/proxy-v2-read.ts';
import { writeProxyV2 } from '../../../agent/wire/proxy-v2-write.ts';
import { header, tlv, withChecksum, workload } from '../../unit/agent/wire/proxy-v2-bytes.ts';
import { concat } from '../../unit/agent/wire/settling.ts';
import { assertEqual, assertSettlesOnce, cutsOf, sizeOf } from '../harness/prefixes.ts';
import type { Random } from '../harness/random.ts';
import { fixtures } from '../harness/seeds.ts';
import type { Mutator, Target } from '../harness/target.ts';

/** Lengths and checksum made true again, so that what was changed is looked at. */
const mend: Mutator = (bytes) => {
  const addresses = bytes[13] === 0x21 ? 36 : 12;
  const sumAt = HEAD_BYTES + addresses + 3;
  if (bytes.length < sumAt + 4) return bytes;
  const rest = bytes.slice(0, HEAD_BYTES + REST_CAP_BYTES);
  rest[14] = (rest.length - HEAD_BYTES) >> 8;
  rest[15] = (rest.length - HEAD_BYTES) & 0xff;
  rest.set([3, 0, 4, 0, 0, 0, 0], sumAt - 3);
  return withChecksum(rest, sumAt);
};

/** A header with other TLVs, true in all its lengths. */
const otherTlvs: Mutator = (bytes, random) => {
  const v4 = bytes[13] !== 0x21;
  const addresses = bytes.slice(HEAD_BYTES, HEAD_BYTES + (v4 ? 12 : 36));
  if (addresses.length < (v4 ? 12 : 36)) return bytes;
  const tlvs = Array.from({ length: random.small(5) }, () => anyTlv(random));
  return header({ family: v4 ? 0x11 : 0x21, addresses, tlvs });
};

function anyTlv(random: Random): Uint8Array {
  const name = () =>
    random.pick(['shop', 'a.b', '', '-a', 'a-', 'A', 'a_b', 'x'.repeat(64), `${'y.'.repeat(126)}z`, '\xff', 'a\n']);
  switch (random.below(5)) {
    case 0:
      return tlv(
        2,
        Uint8Array.from(name(), (each) => each.charCodeAt(0)),
      );
    case 1:
      return workload([name(), name(), name()]);
    case 2:
      return concat(
        workload(Array.from({ length: random.small(5) }, name), random.pick([0, 1, 2])),
        new Uint8Array(random.small(3)),
      );
    case 3:
      return tlv(3, new Uint8Array(random.pick([0, 3, 4, 5])));
    default:
      return tlv(
        random.pick([1, 2, 4, 5, 0x20, 0xe0, 0xff]),
        Uint8Array.from({ length: random.small(40) }, () => random.below(256)),
      );
  }
}

export const proxyV2: Target = {
  name: 'proxy-v2',
  invariant:
    'Any bytes are read without throwing and settle once over their prefixes; a preamble holds only sound values, and ' +
    'written again it is read back as the same.',
  seeds: () => fixtures('proxy-v2'),
  mutators: [mend, mend, otherTlvs, otherTlvs],
  tokens: ['\x21\x11', '\x21\x21', '\x20\x00', '\x02\x00', '\x03\x00\x04', '\xe0\x00', '\x04\x00', 'a.test'],
  check(input, thorough) {
    const result = assertSettlesOnce(input, cutsOf(input, thorough), readProxyV2, ({ kind }) => kind === 'more');
    if (result.kind === 'more') assert.ok(input.length < HEAD_BYTES + REST_CAP_BYTES);
    if (result.kind === 'bad') return [result.why];
    if (result.kind !== 'preamble') return [`${result.kind} of ${sizeOf(input.length)}`];
    const { preamble, bytes } = result;
    assert.ok(bytes <= Math.min(input.length, HEAD_BYTES + REST_CAP_BYTES));
    for (const { ip, port } of [preamble.source, preamble.destination]) {
      assert.equal(parseIp(ip), ip);
      assert.ok(port >= 1 && port <= 65_535);
    }
    if (preamble.serverName !== undefined) assert.equal(parseHostname(preamble.serverName), preamble.serverName);
    const written = writeProxyV2(preamble);
    assertEqual(readProxyV2(written), { kind: 'preamble', preamble, bytes: written.length }, 'written and read again');
    const { workload: who, serverName } = preamble;
    return [
      `${who?.serviceAccount !== undefined} ${serverName !== undefined} ${written.length === bytes}`,
      `of ${sizeOf(bytes)}`,
    ];
  },
};
