import type { IpAddress } from '../model/address.ts';
import { type Cidr, cidrContains } from '../model/cidr.ts';
import type { Source, Workload } from '../model/workload.ts';

/** Who is who, at one moment. */
export type Directory = {
  /** By `namespace/name`. */
  readonly byName: ReadonlyMap<string, Workload>;
  /** undefined: two claim the address, so nobody has it. */
  readonly byAddress: ReadonlyMap<IpAddress, Workload | undefined>;
};

export function directoryOf(workloads: readonly Workload[]): Directory {
  const byAddress = new Map<IpAddress, Workload | undefined>();
  for (const each of workloads) {
    for (const ip of each.ips) byAddress.set(ip, byAddress.has(ip) ? undefined : each);
  }
  return { byName: new Map(workloads.map((each) => [`${each.namespace}/${each.name}`, each])), byAddress };
}

/** Whose address this is; undefined: no pod's that is known. */
export function workloadAt({ byAddress }: Directory, ip: IpAddress): WorkloadSource | undefined {
  const workload = byAddress.get(ip);
  return workload && { kind: 'workload', workload };
}

/** Who is behind an address at a gateway: a pod, nobody that is known inside the cluster, or a client from outside. */
export function sourceAt(directory: Directory, ip: IpAddress, clusterCidrs: readonly Cidr[]): Source {
  const pod = workloadAt(directory, ip);
  if (pod) return pod;
  const inside = directory.byAddress.has(ip) || clusterCidrs.some((cidr) => cidrContains(cidr, ip));
  return inside ? { kind: 'unknown' } : { kind: 'outside', ip };
}

type WorkloadSource = Extract<Source, { kind: 'workload' }>;

/**
 * The workload that a namespace was enrolled for. Its name is certain, since the listener sits in its namespace; labels
 * and service account stay unknown until a Pod resource tells them.
 */
export function workloadNamed(directory: Directory, namespace: string, name: string): Workload {
  return (
    directory.byName.get(`${namespace}/${name}`) ?? {
      namespace,
      name,
      serviceAccount: undefined,
      labels: undefined,
      ips: [],
    }
  );
}
