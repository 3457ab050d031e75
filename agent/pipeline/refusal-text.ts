import { endpointText, familyOf } from '../model/address.ts';
import type { Evidence } from '../model/evidence.ts';
import { type Hop, hopText } from '../model/flow.ts';
import type { Identified } from './stages.ts';

/**
 * The one line that a refused client reads: what was refused, why, and how to find out more. `unreached`: policy let it
 * through, and its upstream was not there.
 */
export function refusalText(
  flow: Identified,
  evidence: Evidence,
  reason: string,
  hop: Hop,
  because: 'refused' | 'unreached' = 'refused',
): string {
  const { source, destination, client } = flow;
  const atGateway = hop.kind === 'gateway';
  const nobody = atGateway ? client.ip : 'unknown';
  const who = source.kind === 'workload' ? `${source.workload.namespace}/${source.workload.name}` : nobody;
  const host = evidence.kind === 'http' ? hostOf(evidence) : undefined;
  const to = host ? `${host}:${destination.port}` : endpointText(destination);
  if (because === 'unreached') return `weir: ${reason}: ${who} to ${to} is let through, but was not reached`;
  const port = evidence.kind === 'http' ? evidence.request.authority?.port : undefined;
  const withPort = port === undefined || port === destination.port ? host : `${host}:${port}`;
  // An address that is never dialled is refused whatever name came with it: by that name explain would not find it.
  const dialled = reason === 'address-forbidden' ? endpointText(destination) : to;
  const inside = atGateway && source.kind === 'unknown' ? ` --cluster-cidr ${client.ip}` : '';
  const at = atGateway ? ` --hop ${hopText(hop)}${inside}` : '';
  const ask = `weir-agent explain --config DIR${at} --from ${who} --to ${dialled}${host ? ` --host ${withPort}` : ''}`;
  return `weir: ${reason}: ${who} to ${to} was not let through; to see why: ${ask}`;
}

/** Only what parsed as a name or address: nothing else of the wire is written back. */
function hostOf(evidence: Extract<Evidence, { kind: 'http' }>): string | undefined {
  const host = evidence.request.authority?.host;
  if (host?.kind !== 'ip') return host?.name;
  return familyOf(host.ip) === 6 ? `[${host.ip}]` : host.ip;
}
