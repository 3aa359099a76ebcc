import { setTimeout as delay } from 'node:timers/promises';
import { MillraceError } from '../core/errors.ts';

/** How long to go on trying, and how fast. All in ms. */
export interface RetryPolicy {
  /** From the first failure; 0 tries once. */
  readonly patienceMs: number;
  readonly baseMs: number;
  readonly capMs: number;
  readonly random: () => number;
  readonly clock: () => number;
  /** Told before each wait. */
  readonly onRetry?: (error: MillraceError, waitMs: number) => void;
}

/**
 * Runs `attempt` until it works, fails with another error than `unavailable`, or patience ends; waits with
 * full-jitter back-off in between. Only for requests that may be sent twice.
 */
export async function withRetries<T>(
  attempt: () => Promise<T>,
  policy: RetryPolicy,
  signal: AbortSignal | undefined,
): Promise<T> {
  let giveUpAt: number | undefined;
  for (let failures = 0; ; failures += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof MillraceError) || error.code !== 'unavailable') throw error;
      giveUpAt ??= policy.clock() + policy.patienceMs;
      const ceilingMs = Math.min(policy.capMs, policy.baseMs * 2 ** failures);
      const waitMs = Math.ceil(policy.random() * ceilingMs);
      if (policy.clock() + waitMs >= giveUpAt) throw error;
      policy.onRetry?.(error, waitMs);
      await delay(waitMs, undefined, signal ? { signal } : {});
    }
  }
}
