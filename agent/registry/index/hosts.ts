import type { Hostname, HostPattern } from '../../model/hostname.ts';

/** Values by host pattern. Exact names by hash; `*.name` by a hash of the suffix, asked label by label. */
export type HostIndex<T> = { readonly exact: Map<string, T[]>; readonly suffix: Map<string, T[]> };

export function hostIndex<T>(): HostIndex<T> {
  return { exact: new Map(), suffix: new Map() };
}

export function addHost<T>(index: HostIndex<T>, pattern: HostPattern, value: T): void {
  const table = pattern.kind === 'exact' ? index.exact : index.suffix;
  const values = table.get(pattern.name);
  if (values) values.push(value);
  else table.set(pattern.name, [value]);
}

/**
 * The most specific pattern of which `choose` takes a value: exact before wildcard, the longer wildcard first. Costs one
 * look-up a label, whatever the number of patterns.
 */
export function findHost<T>(
  index: HostIndex<T>,
  name: Hostname,
  choose: (values: readonly T[]) => T | undefined,
): T | undefined {
  const exact = index.exact.get(name);
  const found = exact && choose(exact);
  if (found !== undefined || index.suffix.size === 0) return found;
  for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) {
    const values = index.suffix.get(name.slice(dot + 1));
    const chosen = values && choose(values);
    if (chosen !== undefined) return chosen;
  }
  return undefined;
}
