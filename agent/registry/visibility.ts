/** Namespaces whose workloads see a resource. */
export type Visibility = 'all' | ReadonlySet<string>;

export function sees(visibleTo: Visibility, namespace: string): boolean {
  return visibleTo === 'all' || visibleTo.has(namespace);
}
