import type { ResourceRef } from '../model/resource.ts';
import { addToPort, type PortIndex, portIndex } from './index/ports.ts';
import type { Grant, Mode, ResourceSet } from './model.ts';

/** The immutable, compiled form of all resources at one moment. */
export type Registry = {
  /** Counts up with each registry of a process; 0 is the empty one before the first load. */
  readonly generation: number;
  readonly mode: Mode;
  /** What set the mode; undefined where nothing did. */
  readonly modeRef: ResourceRef | undefined;
  readonly ports: ReadonlyMap<number, PortIndex>;
};

export function compile(set: ResourceSet, generation: number): Registry {
  const ports = new Map<number, PortIndex>();
  for (const grant of set.grants.toSorted(byAge)) {
    for (const port of grant.ports) {
      let index = ports.get(port.number);
      if (!index) ports.set(port.number, (index = portIndex()));
      addToPort(index, grant, port);
    }
  }
  return { generation, mode: set.mode?.value ?? 'REGISTRY_ONLY', modeRef: set.mode?.ref, ports };
}

export const EMPTY_RESOURCES: ResourceSet = { mode: undefined, grants: [], workloads: [] };

/** Where only one of several grants can win it is the oldest, as in Istio; without a date, by name, so that it is stable. */
function byAge(a: Grant, b: Grant): number {
  const age = (a.createdAt ?? Number.POSITIVE_INFINITY) - (b.createdAt ?? Number.POSITIVE_INFINITY);
  if (age !== 0 && !Number.isNaN(age)) return age;
  const [x, y] = [`${a.ref.namespace}/${a.ref.name}`, `${b.ref.namespace}/${b.ref.name}`];
  return x < y ? -1 : x > y ? 1 : 0;
}
