import type { GatewayConfig } from '../config/gateway-config.ts';
import { type Directory, sourceAt, workloadNamed } from '../identify/directory.ts';
import type { GatewayHop } from '../model/flow.ts';
import type { Source } from '../model/workload.ts';
import { peerCaller, placeAtGateway } from '../pipeline/place-at-gateway.ts';
import type { Located } from '../pipeline/stages.ts';
import { listenForServers } from './gateway-listeners.ts';
import type { Role } from './role.ts';

/** `weir-agent gateway`: listens on the ports of the Gateway resources that select it. */
export function gatewayRole(config: GatewayConfig): Role {
  const { namespace, name, labels, trustedPeers, clusterCidrs, forward, localEndpoints } = config;
  const hop: GatewayHop = { kind: 'gateway', namespace, name };
  return {
    hop,
    gateway: { ...hop, labels },
    callers: MANY,
    callerOf: ({ peer }) => peerCaller(peer.ip),
    locate: (flow) => placeAtGateway(flow, trustedPeers),
    identify: (flow, directory) => sourceOf(flow, directory, clusterCidrs),
    forward,
    localEndpoints,
    listen: listenForServers,
  };
}

/** Whom a trusted peer names is who it says; anybody else is who its address is. */
function sourceOf(
  { claim, client }: Located,
  directory: Directory,
  clusterCidrs: GatewayConfig['clusterCidrs'],
): Source {
  if (!claim) return sourceAt(directory, client.ip, clusterCidrs);
  const known = workloadNamed(directory, claim.namespace, claim.name);
  return { kind: 'workload', workload: { ...known, serviceAccount: known.serviceAccount ?? claim.serviceAccount } };
}

/** There are others always. */
const MANY = 2;
