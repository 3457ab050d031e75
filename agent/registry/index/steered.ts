import type { HostPattern } from '../../model/hostname.ts';
import { type DestinationPolicy, upstreamTls } from '../destination-policy.ts';
import { MESH_GATEWAY, type RouteTable } from '../route-table.ts';
import { bothSee, type Visibility } from '../visibility.ts';
import { findCovering, type HostIndex } from './hosts.ts';
import { type Entry, type PortIndex, widen } from './ports.ts';

/**
 * Marks the ports on which names decide more than whether a host is listed: a VirtualService sends it elsewhere or turns it
 * away, or a DestinationRule wants TLS. Under ALLOW_ANY a flow that shows no name there would escape that.
 */
export function markSteered(
  ports: ReadonlyMap<number, PortIndex>,
  byHost: HostIndex<Entry>,
  tables: readonly RouteTable[],
  policies: readonly DestinationPolicy[],
): void {
  for (const table of tables) {
    if (!table.gateways.includes(MESH_GATEWAY)) continue;
    for (const host of table.hosts) {
      if (host !== 'any') mark(host, table.visibleTo, ({ port }) => steers(table, port.protocol));
    }
  }
  for (const policy of policies) {
    mark(policy.host, policy.visibleTo, ({ port }) => upstreamTls(policy, port.number, undefined) === 'encrypted');
  }

  function mark(host: HostPattern, visibleTo: Visibility, concerns: (entry: Entry) => boolean): void {
    for (const entry of overlapping(byHost, host)) {
      const steered = ports.get(entry.port.number)?.steered;
      if (steered && entry.port.protocol !== 'tcp' && concerns(entry)) {
        widen(steered, bothSee(visibleTo, entry.grant.visibleTo));
      }
    }
  }
}

function steers({ http, tls }: RouteTable, protocol: Entry['port']['protocol']): boolean {
  return (protocol === 'http' ? http : tls).length > 0;
}

/** Entries whose host and this one have a name in common. */
function overlapping(byHost: HostIndex<Entry>, host: HostPattern): readonly Entry[] {
  const found: Entry[] = [];
  findCovering(byHost, host, (entries) => void found.push(...entries)); // all levels: none is chosen
  if (host.kind === 'exact') return found;
  const below = `.${host.name}`;
  for (const kind of ['exact', 'suffix'] as const) {
    for (const [name, entries] of byHost[kind]) if (name.endsWith(below)) found.push(...entries);
  }
  return found;
}
