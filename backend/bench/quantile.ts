/** The smallest of the values that at least this share of them does not exceed. */
export function quantile(values: number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(share * values.length) - 1)] ?? NaN;
}

/** Of an even number of values: the mean of the two in the middle. */
export function median(values: number[]): number {
  const lower = quantile(values, 0.5);
  const upper = values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
  return (lower + upper) / 2;
}
