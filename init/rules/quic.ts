import type { Family } from '../../agent/model/address.ts';
import type { PlanOptions } from '../options.ts';
import { hasInclusions, includedRanges } from './include.ts';
import type { Line } from './rule.ts';

const QUIC_PORT = 443;

const allowed = { match: ['-p udp', `-m udp --dport ${QUIC_PORT}`], purpose: 'QUIC is allowed', target: 'RETURN' };

/**
 * HTTP/3 is refused with port-unreachable, so that clients fall back to TCP, which is captured (RFC 9114 §3.1). With
 * inclusions only there where TCP/443 would be captured: elsewhere the fall-back would gain nothing.
 */
export function quic(family: Family, options: PlanOptions): readonly Line[] {
  if (options.quic === 'allow') return options.uncaptured === 'allow' ? [] : [allowed];
  const everywhere = !hasInclusions(options) || options.includePorts.some((port) => port === QUIC_PORT);
  const places = everywhere ? [[]] : includedRanges(family, options).map((match) => [match]);
  return places.map((place) => ({
    match: ['-p udp', `-m udp --dport ${QUIC_PORT}`, ...place],
    purpose: 'QUIC falls back to TCP',
    target: `REJECT --reject-with ${portUnreachable(family)}`,
  }));
}

export function portUnreachable(family: Family): string {
  return family === 4 ? 'icmp-port-unreachable' : 'icmp6-port-unreachable';
}
