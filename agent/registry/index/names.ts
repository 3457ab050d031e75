import { covers, type Hostname, type HostPattern } from '../../model/hostname.ts';
import { addHost, findHost, type HostIndex, hostIndex } from './hosts.ts';

/** Values by host pattern or `*`, which is the least specific of all and takes flows that name no host, too. */
export type NameIndex<T> = HostIndex<T> & { readonly any: T[] };

export function nameIndex<T>(): NameIndex<T> {
  return { ...hostIndex<T>(), any: [] };
}

export function addName<T>(index: NameIndex<T>, pattern: HostPattern | 'any', value: T): void {
  if (pattern === 'any') index.any.push(value);
  else addHost(index, pattern, value);
}

/** The most specific pattern of which `choose` takes something. */
export function findName<T, Chosen>(
  index: NameIndex<T>,
  name: Hostname | undefined,
  choose: (values: readonly T[]) => Chosen | undefined,
): Chosen | undefined {
  return (name && findHost(index, name, choose)) ?? choose(index.any);
}

/** What both patterns match, which is the narrower of them; undefined: nothing. */
export function narrower(a: HostPattern | 'any', b: HostPattern | 'any'): HostPattern | 'any' | undefined {
  if (covers(a, b)) return b;
  return covers(b, a) ? a : undefined;
}
