import { BACKOFF_BASE_MS, BACKOFF_CAP_MS } from './limits.ts';

/**
 * How long to wait after the n-th failure, in ms: full jitter over a doubling bound.
 * Source: "Exponential Backoff and Jitter", AWS Architecture Blog, 2015.
 * @param failures how many attempts have failed, from 1
 * @param random in [0, 1)
 */
export function backoffMs(failures: number, random: number): number {
  const bound = Math.min(BACKOFF_CAP_MS, BACKOFF_BASE_MS * 2 ** Math.min(failures - 1, 30));
  return Math.floor(random * bound);
}
