import { type Family, ipFromBytes } from '../../agent/model/address.ts';
import type { Cidr } from '../../agent/model/cidr.ts';
import { SETS } from '../contract.ts';
import type { PlanOptions } from '../options.ts';
import type { SetSpec } from './rule.ts';

/** Only what a rule refers to: the port set always, a set of ranges where its list has any of that family. */
export function setsOf(families: readonly Family[], options: PlanOptions): readonly SetSpec[] {
  return [
    portSet(),
    ...families.flatMap((family) => [
      ...rangeSet(SETS.exclude[family], family, options.excludeCidrs),
      ...rangeSet(SETS.include[family], family, options.includeCidrs),
      ...rangeSet(SETS.cluster[family], family, options.clusterCidrs),
    ]),
  ];
}

export function ofFamily(cidrs: readonly Cidr[], family: Family): readonly Cidr[] {
  return cidrs.filter((cidr) => cidr.family === family);
}

/** As ipset prints it: a host without its length. */
export function cidrText(cidr: Cidr): string {
  const ip = ipFromBytes(cidr.bytes);
  return cidr.bits === (cidr.family === 4 ? 32 : 128) ? ip : `${ip}/${cidr.bits}`;
}

/** Full: every port goes to the agent, which may narrow it later. One set serves both families. */
function portSet(): SetSpec {
  return { name: SETS.ports, create: 'bitmap:port range 0-65535', members: ['0-65535'] };
}

function rangeSet(name: string, family: Family, cidrs: readonly Cidr[]): readonly SetSpec[] {
  const own = ofFamily(cidrs, family);
  if (own.length === 0) return [];
  const members = [...new Set(own.flatMap(withoutZeroLength).map(cidrText))].sort();
  return [{ name, create: `hash:net family ${family === 4 ? 'inet' : 'inet6'}`, members }];
}

/** hash:net takes no prefix of length 0 (ipset(8)): two halves say the same. */
function withoutZeroLength(cidr: Cidr): readonly Cidr[] {
  if (cidr.bits > 0) return [cidr];
  const upper = cidr.bytes.map((byte, at) => (at === 0 ? 0x80 : byte));
  return [
    { ...cidr, bits: 1 },
    { ...cidr, bytes: upper, bits: 1 },
  ];
}
