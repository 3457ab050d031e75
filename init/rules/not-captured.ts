import type { PlanOptions } from '../options.ts';
import { cidrText } from './sets.ts';

/** What is not captured, in words, for the one line `NOT captured: …`. Never empty: loopback is always left alone. */
export function notCaptured(options: PlanOptions): string {
  const names = (what: string, values: readonly (string | number)[]) =>
    values.length === 0 ? [] : [`${what} ${values.join(', ')}`];
  return [
    ...protocols(options),
    ...names('TCP other than to', [
      ...options.includePorts.map((p) => `port ${p}`),
      ...options.includeCidrs.map(cidrText),
    ]),
    ...names('TCP and UDP to port', options.excludePorts),
    ...names('everything of uid', options.excludeUids),
    ...names('everything to', [...options.excludeCidrs, ...options.clusterCidrs].map(cidrText)),
    ...names('DNS to', options.dnsServers),
    'loopback and own addresses',
    'answers to inbound connections',
  ].join('; ');
}

function protocols({ quic, uncaptured }: PlanOptions): readonly string[] {
  if (uncaptured === 'allow') {
    return [quic === 'reject' ? 'UDP except 443' : 'UDP', 'ICMP', 'SCTP and every other protocol'];
  }
  return [...(quic === 'allow' ? ['UDP/443'] : []), 'IPv6 neighbour discovery', 'ICMP errors of known flows'];
}
