/** The median of at least one value. Of an even number of values, the lower one. */
export function median(values: readonly number[]): number {
  return percentile(
    [...values].sort((a, b) => a - b),
    0.5,
  );
}

/** The percentile by nearest rank. `sorted`: ascending, at least one. */
export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

/** `median [smallest–largest]` of the runs' values. */
export function spread(values: readonly number[], digits: number): string {
  if (values.some((value) => !Number.isFinite(value))) return 'unknown';
  const text = (value: number): string => value.toFixed(digits);
  if (values.length === 1) return text(values[0] ?? Number.NaN);
  return `${text(median(values))} [${text(Math.min(...values))}–${text(Math.max(...values))}]`;
}

/** The same, with the value of each of several runs. */
export function spreadOf<Run>(runs: readonly Run[], value: (run: Run) => number, digits: number): string {
  return spread(runs.map(value), digits);
}
