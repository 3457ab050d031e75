import type { Family } from '../../agent/model/address.ts';
import type { PlanOptions } from '../options.ts';
import { portUnreachable } from './quic.ts';
import type { Line } from './rule.ts';

// Without these no IPv6 packet finds its neighbour: router and neighbour solicitation and advertisement (RFC 4861),
// and the multicast reports that carry solicitations across snooping switches (RFC 2710, RFC 3810).
const NEIGHBOUR_DISCOVERY_TYPES = [133, 135, 136, 131, 132, 143] as const;

/** `--uncaptured reject`: all but TCP is refused, except answers to what came in and what a link needs to work. */
export function uncaptured(family: Family, options: PlanOptions): readonly Line[] {
  if (options.uncaptured === 'allow') return [];
  return [
    ...(family === 6 ? neighbourDiscovery() : []),
    {
      match: [family === 4 ? '-p icmp' : '-p ipv6-icmp', '-m conntrack --ctstate RELATED'],
      purpose: 'ICMP errors of known flows',
      target: 'RETURN',
    },
    { match: ['! -p tcp', '-m conntrack --ctdir REPLY'], purpose: 'answers to what came in', target: 'RETURN' },
    {
      match: ['! -p tcp'],
      purpose: 'neither captured nor exempt',
      target: `REJECT --reject-with ${portUnreachable(family)}`,
    },
  ];
}

function neighbourDiscovery(): readonly Line[] {
  return NEIGHBOUR_DISCOVERY_TYPES.map((type) => ({
    match: ['-p ipv6-icmp', `-m icmp6 --icmpv6-type ${type}`],
    purpose: 'IPv6 neighbour discovery',
    target: 'RETURN',
  }));
}
