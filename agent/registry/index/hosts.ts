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
export function findHost<T, Chosen>(
  index: HostIndex<T>,
  name: Hostname,
  choose: (values: readonly T[]) => Chosen | undefined,
): Chosen | undefined {
  const exact = index.exact.get(name);
  const found = exact && choose(exact);
  if (found !== undefined || index.suffix.size === 0) return found;
  const dot = name.indexOf('.');
  return dot === -1 ? undefined : findWildcard(index, name.slice(dot + 1), choose);
}

/** The most specific pattern that matches all that `pattern` matches. */
export function findCovering<T, Chosen>(
  index: HostIndex<T>,
  { kind, name }: HostPattern,
  choose: (values: readonly T[]) => Chosen | undefined,
): Chosen | undefined {
  return kind === 'exact' ? findHost(index, name, choose) : findWildcard(index, name, choose);
}

function findWildcard<T, Chosen>(
  index: HostIndex<T>,
  suffix: string,
  choose: (values: readonly T[]) => Chosen | undefined,
): Chosen | undefined {
  for (let rest = suffix, dot = 0; dot >= 0; rest = rest.slice(dot + 1)) {
    const values = index.suffix.get(rest);
    const chosen = values && choose(values);
    if (chosen !== undefined) return chosen;
    dot = rest.indexOf('.');
  }
  return undefined;
}
