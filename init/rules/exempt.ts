import type { Family } from '../../agent/model/address.ts';
import { familyOf } from '../../agent/model/address.ts';
import { SETS } from '../contract.ts';
import type { PlanOptions } from '../options.ts';
import type { Condition } from './rule.ts';
import { ofFamily } from './sets.ts';

// xt_multiport holds 15 ports a rule (XT_MULTI_PORTS).
const PORTS_A_RULE = 15;

/** Excluded ports of both protocols: who exempts a port wants its traffic left alone, QUIC included. */
export function excludedPorts(options: PlanOptions): readonly Condition[] {
  return (['tcp', 'udp'] as const).flatMap((protocol) =>
    multiport(options.excludePorts).map((ports) => ({
      match: [`-p ${protocol}`, ports],
      purpose: 'excluded ports',
    })),
  );
}

/** A list of ports as as many multiport matches as it takes. */
export function multiport(ports: readonly number[]): readonly string[] {
  const count = Math.ceil(ports.length / PORTS_A_RULE);
  return Array.from({ length: count }, (_, at) => ports.slice(at * PORTS_A_RULE, (at + 1) * PORTS_A_RULE)).map(
    (chunk) => `-m multiport --dports ${chunk.join(',')}`,
  );
}

/**
 * Loopback, which includes the namespace's own addresses: before nat rewrites a destination, its packets are routed to
 * lo already. A redirected packet still has its first output device in filter, and needs no exemption there.
 */
export function loopback(): Condition {
  return { match: ['-o lo'], purpose: 'loopback and own addresses' };
}

/** Port 53, towards the given servers only: any other is not known to be a resolver. */
export function dns(family: Family, options: PlanOptions): readonly Condition[] {
  const width = family === 4 ? 32 : 128;
  return options.dnsServers
    .filter((server) => familyOf(server) === family)
    .flatMap((server) =>
      (['udp', 'tcp'] as const).map((protocol) => ({
        match: [`-d ${server}/${width}`, `-p ${protocol}`, `-m ${protocol} --dport 53`],
        purpose: 'DNS to the configured servers',
      })),
    );
}

/** Excluded ranges, then the cluster's own: one rule each, whatever the length of the list. */
export function excludedCidrs(family: Family, options: PlanOptions): readonly Condition[] {
  const excluded = { match: [`-m set --match-set ${SETS.exclude[family]} dst`], purpose: 'excluded ranges' };
  const cluster = { match: [`-m set --match-set ${SETS.cluster[family]} dst`], purpose: 'ranges of the cluster' };
  return [
    ...(ofFamily(options.excludeCidrs, family).length > 0 ? [excluded] : []),
    ...(ofFamily(options.clusterCidrs, family).length > 0 ? [cluster] : []),
  ];
}
