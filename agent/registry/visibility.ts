/** Namespaces whose workloads see a resource. */
export type Visibility = 'all' | ReadonlySet<string>;

/** The namespaces that see both. */
export function bothSee(a: Visibility, b: Visibility): Visibility {
  if (a === 'all') return b;
  return b === 'all' ? a : new Set([...a].filter((namespace) => b.has(namespace)));
}

export function sees(visibleTo: Visibility, namespace: string): boolean {
  return visibleTo === 'all' || visibleTo.has(namespace);
}
