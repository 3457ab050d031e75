import type { Workload } from '../model/workload.ts';

/** Who is who, at one moment: workloads by `namespace/name`. */
export type Directory = ReadonlyMap<string, Workload>;

export function directoryOf(workloads: readonly Workload[]): Directory {
  return new Map(workloads.map((each) => [`${each.namespace}/${each.name}`, each]));
}

/**
 * The workload that a namespace was enrolled for. Its name is certain, since the listener sits in its namespace; labels
 * and service account stay unknown until a Pod resource tells them.
 */
export function workloadNamed(directory: Directory, namespace: string, name: string): Workload {
  return (
    directory.get(`${namespace}/${name}`) ?? { namespace, name, serviceAccount: undefined, labels: undefined, ips: [] }
  );
}
