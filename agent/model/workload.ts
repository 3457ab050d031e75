import type { IpAddress } from './address.ts';

/** Who is calling. The identity comes from the namespace that the listener sits in, never from an address. */
export type Workload = {
  readonly namespace: string;
  readonly name: string;
  /** undefined while no Pod resource has told it: unknown, which is not the same as `default`. */
  readonly serviceAccount: string | undefined;
  /** undefined while no Pod resource has told them: unknown, which is not the same as none. */
  readonly labels: Readonly<Record<string, string>> | undefined;
  /** As its Pod's status tells; empty if it does not. Never used to tell who a captured flow belongs to. */
  readonly ips: readonly IpAddress[];
};

export type Source =
  | { readonly kind: 'workload'; readonly workload: Workload }
  /** A client of a gateway whose address is neither a pod's nor in a range of the cluster. Never at hop mesh. */
  | { readonly kind: 'outside'; readonly ip: IpAddress }
  | { readonly kind: 'unknown' };
