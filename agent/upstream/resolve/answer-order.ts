import { familyOf, type IpAddress } from '../../model/address.ts';

/**
 * RFC 8305 §4 with a First Address Family Count of 1: IPv6 first, then the families in turn; inside a family the order
 * of the DNS answer. An address that comes twice counts once.
 */
export function interleaved(ips: readonly IpAddress[]): readonly IpAddress[] {
  const distinct = [...new Set(ips)];
  const v6 = distinct.filter((ip) => familyOf(ip) === 6);
  const v4 = distinct.filter((ip) => familyOf(ip) === 4);
  const longest = Math.max(v6.length, v4.length);
  return Array.from({ length: longest }, (_, at) => [v6[at], v4[at]])
    .flat()
    .filter((ip) => ip !== undefined);
}
