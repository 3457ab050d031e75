export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

/** Half of what lies between the least and the greatest, as a share of the median: the ± of all tables. */
export function spread(values: readonly number[]): number {
  return (Math.max(...values) - Math.min(...values)) / 2 / median(values);
}

/** Least to greatest, as a share of the median. */
export function variation(values: readonly number[]): number {
  return spread(values) * 2;
}

/** Of a variation: more than a figure may have that others are compared with. */
export function isRestless(share: number): boolean {
  return share > 0.15;
}
