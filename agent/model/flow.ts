import type { IpAddress } from './address.ts';
import type { Evidence } from './evidence.ts';
import type { Port } from './port.ts';
import type { Answers } from './verdict.ts';
import type { Source } from './workload.ts';

/** Who is deciding: the agent beside the workload, or a named gateway. */
export type Hop = { readonly kind: 'mesh' } | GatewayHop;

export type GatewayHop = { readonly kind: 'gateway'; readonly namespace: string; readonly name: string };

/** `mesh`, `gateway:istio-system/istio-egressgateway`, as `explain --hop` takes it. */
export function hopText(hop: Hop): string {
  return hop.kind === 'mesh' ? 'mesh' : `gateway:${hop.namespace}/${hop.name}`;
}

/** All that decide may look at. What is undefined is not known, and what is not known never widens access. */
export type FlowFacts = {
  readonly source: Source;
  readonly destination: {
    /**
     * undefined in `explain --to NAME:PORT`: an address that the name resolves to, whichever it is; and at a gateway that
     * was not told it: `port` is then that of the listener.
     */
    readonly ip: IpAddress | undefined;
    readonly port: Port;
  };
  /** At a gateway: the port that it was dialled at. */
  readonly listener?: Port;
  readonly evidence: Evidence;
  readonly answers: Answers | undefined;
};
