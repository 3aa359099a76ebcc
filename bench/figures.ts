/** Of an even number of values the mean of the two in the middle; NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted.length >> 1;
  const [low, high] = [sorted[sorted.length % 2 === 1 ? upper : upper - 1], sorted[upper]];
  return ((low ?? NaN) + (high ?? NaN)) / 2;
}

/** The value that so much of all is no greater than, by nearest rank. @param share 0 to 1 */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? NaN;
}

/**
 * How much of the slots' time was work, from the first start to the last end: 1 is perfect.
 * @param workMs what the tasks were told to take, not what they took: overhead is no work
 */
export function utilisation(workMs: readonly number[], slots: number, makespanMs: number): number {
  return workMs.reduce((sum, ms) => sum + ms, 0) / (slots * makespanMs);
}

/** When the first of them started, once so many earlier ones are left out. */
export function startAfter(starts: readonly number[], earlier: number): number {
  return [...starts].sort((a, b) => a - b)[earlier] ?? NaN;
}

/** Ends a second between the first end and the last: start-up and the last look at an empty queue are not throughput. */
export function ratePerSecond(ends: readonly number[]): number {
  const [first, last] = [Math.min(...ends), Math.max(...ends)];
  return ((ends.length - 1) * 1000) / (last - first);
}

/** What the best that a first-come, first-served line can do on these slots, with nothing lost in between. */
export function bestUtilisation(workMs: readonly number[], slots: number): number {
  const free = Array.from({ length: slots }, () => 0);
  for (const ms of workMs) {
    const next = free.indexOf(Math.min(...free));
    free[next] = (free[next] ?? 0) + ms;
  }
  return utilisation(workMs, slots, Math.max(...free));
}

/** To so many digits that count, without an exponent. */
export function rounded(value: number): string {
  if (!Number.isFinite(value)) return '–';
  if (Math.abs(value) >= 100) return String(Math.round(value));
  return String(Number(value.toPrecision(3)));
}
