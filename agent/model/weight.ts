/** One of several in the proportion of their weights, by `random` in [0, 1); without any weight each counts the same. */
export function byWeight<T extends { readonly weight: number }>(all: readonly T[], random: number): T | undefined {
  const total = all.reduce((sum, { weight }) => sum + weight, 0);
  if (total <= 0) return all[Math.floor(random * all.length)];
  let left = random * total;
  return all.find(({ weight }) => (left -= weight) < 0) ?? all.at(-1);
}
