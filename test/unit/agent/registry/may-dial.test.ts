import { equal } from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { bytesOf, ipFromBytes } from '../../../../agent/model/address.ts';
import type { Deny } from '../../../../agent/model/verdict.ts';
import { addressIsForbidden, forbiddenToDial, type OwnPlace, refusedAs } from '../../../../agent/registry/may-dial.ts';
import { cidr, ip, port } from './builders.ts';

const OWN: OwnPlace = {
  addresses: new Set(['198.18.0.10', '2001:db8:a::10', '172.31.255.254'].map(ip)),
  clusterCidrs: ['198.18.64.0/18', 'fd00:10::/64'].map(cidr),
};

const rows: readonly (readonly [says: string, address: string, want: string | undefined])[] = [
  ['a public address', '203.0.113.1', undefined],
  ['a public IPv6 address', '2001:db8::1', undefined],
  ['a private address', '198.18.1.1', undefined],
  ['loopback', '127.0.0.1', 'loopback'],
  ['all of loopback', '127.255.255.254', 'loopback'],
  ['just below loopback', '126.255.255.255', undefined],
  ['just above loopback', '128.0.0.1', undefined],
  ['::1', '::1', 'loopback'],
  ['v4-mapped loopback', '::ffff:127.0.0.1', 'loopback'],
  ['v4-mapped loopback in hex', '::ffff:7f00:1', 'loopback'],
  ['v4-compatible loopback', '::127.0.0.1', 'loopback'],
  ['6to4 of loopback', '2002:7f00:1::1', 'loopback'],
  ['NAT64 of loopback', '64:ff9b::127.0.0.1', 'loopback'],
  ['local NAT64 of loopback', '64:ff9b:1::127.0.0.1', 'loopback'],
  ['IPv4-translated loopback', '::ffff:0:127.0.0.1', 'loopback'],
  ['unspecified', '0.0.0.0', 'unspecified'],
  ['this network', '0.1.2.3', 'unspecified'],
  ['::', '::', 'unspecified'],
  ['v4-mapped unspecified', '::ffff:0.0.0.0', 'unspecified'],
  ['NAT64 of unspecified', '64:ff9b::', 'unspecified'],
  ['multicast', '224.0.0.1', 'multicast'],
  ['the last multicast', '239.255.255.255', 'multicast'],
  ['IPv6 multicast', 'ff02::1', 'multicast'],
  ['6to4 of multicast', '2002:e000:1::', 'multicast'],
  ['metadata', '169.254.169.254', 'link-local'],
  ['v4-mapped metadata', '::ffff:169.254.169.254', 'link-local'],
  ['6to4 of metadata', '2002:a9fe:a9fe::1', 'link-local'],
  ['NAT64 of metadata', '64:ff9b::a9fe:a9fe', 'link-local'],
  ['v4-compatible metadata', '::169.254.169.254', 'link-local'],
  ['IPv6 link-local', 'fe80::1', 'link-local'],
  ['the end of IPv6 link-local', 'febf:ffff::1', 'link-local'],
  ['broadcast', '255.255.255.255', 'reserved'],
  ['reserved', '240.0.0.1', 'reserved'],
  ['6to4 of broadcast', '2002:ffff:ffff::', 'reserved'],
  ['an own address', '198.18.0.10', 'own-address'],
  ['an own IPv6 address', '2001:db8:a::10', 'own-address'],
  ['an own address, v4-mapped', '::ffff:198.18.0.10', 'own-address'],
  ['an own address as 6to4', '2002:c612:a::', 'own-address'],
  ['an own address as NAT64', '64:ff9b::198.18.0.10', 'own-address'],
  ['beside an own address', '198.18.0.11', undefined],
  ['the cluster', '198.18.64.1', 'cluster-range'],
  ['the cluster, IPv6', 'fd00:10::99', 'cluster-range'],
  ['the cluster as NAT64', '64:ff9b::198.18.64.1', 'cluster-range'],
  ['beside the cluster', '198.18.128.0', undefined],
  ['NAT64 of a public address', '64:ff9b::203.0.113.1', undefined],
  ['6to4 of a public address', '2002:cb00:7101::1', undefined],
];

for (const [says, address, want] of rows) {
  test(`${says}: ${address} ${want ? `is never dialled (${want})` : 'may be dialled'}`, () => {
    equal(forbiddenToDial(ip(address), OWN), want);
  });
}

const FORMS: readonly (readonly [name: string, prefix: readonly number[], after: number])[] = [
  ['v4-mapped', [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff], 0],
  ['v4-compatible', Array<number>(12).fill(0), 0],
  ['IPv4-translated', [0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0], 0],
  ['NAT64', [0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0], 0],
  ['6to4', [0x20, 0x02], 10],
];

test('no form of IPv6 opens what is closed as IPv4', () => {
  const near = fc.constantFrom(...rows.map(([, address]) => address).filter((address) => !address.includes(':')));
  const any = fc.uint8Array({ minLength: 4, maxLength: 4 }).map((bytes) => ipFromBytes(bytes));
  fc.assert(
    fc.property(fc.oneof(near.map(ip), any), fc.constantFrom(...FORMS), (plain, [name, prefix, after]) => {
      if (forbiddenToDial(plain, OWN) === undefined) return;
      const dressed = ipFromBytes(Uint8Array.from([...prefix, ...bytesOf(plain), ...Array<number>(after).fill(1)]));
      equal(forbiddenToDial(dressed, OWN) !== undefined, true, `${plain} as ${name}: ${dressed}`);
    }),
  );
});

test('total: every address of 4 or 16 bytes has an answer', () => {
  const sixteen = fc.uint8Array({ minLength: 16, maxLength: 16 });
  fc.assert(
    fc.property(sixteen, (bytes) => ['string', 'undefined'].includes(typeof forbiddenToDial(ipFromBytes(bytes), OWN))),
  );
});

const NOT_LISTED: Deny = { kind: 'deny', reason: 'not-listed', httpStatus: 502, matched: [], dependsOn: [] };

const refusals = [
  { says: 'the metadata address', deny: NOT_LISTED, to: ip('169.254.169.254'), reason: 'address-forbidden' },
  { says: 'an address outside', deny: NOT_LISTED, to: ip('203.0.113.7'), reason: 'not-listed' },
  { says: 'no address known', deny: NOT_LISTED, to: undefined, reason: 'not-listed' },
  {
    says: 'a source that is not known comes first',
    deny: { ...NOT_LISTED, reason: 'source-unknown' },
    to: ip('127.0.0.1'),
    reason: 'source-unknown',
  },
] as const;

for (const { says, deny, to, reason } of refusals) {
  test(`a refusal of an address that is never dialled says so: ${says}`, () => {
    equal(refusedAs(deny, to, OWN).reason, reason);
  });
}

const LOCAL: OwnPlace = { ...OWN, localEndpoints: { exceptPorts: new Set([80]) } };

const origins: readonly {
  readonly says: string;
  readonly kind: 'endpoint' | 'service' | 'answer';
  readonly at: string;
  readonly to?: number;
  readonly own?: OwnPlace;
  readonly want: string | undefined;
}[] = [
  { says: "a Service's in the cluster", kind: 'service', at: '198.18.64.1', want: undefined },
  { says: "a Service's in the cluster, as NAT64", kind: 'service', at: '64:ff9b::198.18.64.1', want: undefined },
  { says: "a Service's on loopback", kind: 'service', at: '127.0.0.1', own: LOCAL, to: 81, want: 'loopback' },
  { says: "a Service's that is the agent's own", kind: 'service', at: '198.18.0.10', want: 'own-address' },
  { says: 'an endpoint in the cluster', kind: 'endpoint', at: '198.18.64.1', want: 'cluster-range' },
  { says: 'an answer in the cluster', kind: 'answer', at: '198.18.64.1', want: 'cluster-range' },
  { says: 'an endpoint outside', kind: 'endpoint', at: '203.0.113.1', want: undefined },
  { says: 'an endpoint on loopback', kind: 'endpoint', at: '127.0.0.1', want: 'loopback' },
  { says: 'one where that is allowed', kind: 'endpoint', at: '127.0.0.1', own: LOCAL, to: 81, want: undefined },
  { says: 'of IPv6, too', kind: 'endpoint', at: '::1', own: LOCAL, to: 81, want: undefined },
  { says: "but not at a port of the gateway's own", kind: 'endpoint', at: '127.0.0.1', own: LOCAL, want: 'loopback' },
  { says: 'nor in another form', kind: 'endpoint', at: '64:ff9b::127.0.0.1', own: LOCAL, to: 81, want: 'loopback' },
  { says: 'nor what is local otherwise', kind: 'endpoint', at: '169.254.1.1', own: LOCAL, to: 81, want: 'link-local' },
  { says: 'nor an answer', kind: 'answer', at: '127.0.0.1', own: LOCAL, to: 81, want: 'loopback' },
];

for (const { says, kind, at, to = 80, own = OWN, want } of origins) {
  test(`how an address came about counts: ${says} ${want ? `is never dialled (${want})` : 'may be dialled'}`, () => {
    const endpoint = { ip: ip(at), port: port(to) };
    equal(addressIsForbidden(kind === 'answer' ? { kind, endpoint } : { kind, endpoint, weight: 1 }, own), want);
  });
}
