import type { Evidence } from '../model/evidence.ts';
import type { Route } from '../model/verdict.ts';
import type { DialOptions } from '../relay/dial.ts';
import { writeProxyV2 } from '../wire/proxy-v2-write.ts';
import type { Identified, Stages } from './stages.ts';

/** How a flow's upstream is dialled: a gateway may be told for whom, and each attempt counts for the endpoint's health. */
export function dialling(
  flow: Identified & { readonly evidence?: Evidence },
  { transport }: Route,
  { health }: Stages,
): DialOptions {
  const { reached, failed } = health;
  return transport === 'proxy-v2' ? { preamble: preambleOf(flow), reached, failed } : { reached, failed };
}

function preambleOf({ source, client, destination, asked, evidence }: Parameters<typeof dialling>[0]): Uint8Array {
  const { ip, port } = asked.destination;
  return writeProxyV2({
    source: client,
    destination: ip === undefined ? destination : { ip, port }, // at a gateway: as an agent told it
    workload: source.kind === 'workload' ? source.workload : undefined,
    serverName: evidence?.kind === 'tls' ? evidence.serverName : undefined,
  });
}
