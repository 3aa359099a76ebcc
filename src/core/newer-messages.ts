import { NEWEST_VERSION } from './envelope.ts';
import { MAX_NEWER_WAIT_MS, MIN_NEWER_WAIT_MS } from './limits.ts';
import type { QueueControl } from './queue-control.ts';

/**
 * How long a message that only a newer version can understand is left, in ms: as long as it has waited so far, within
 * bounds. While a newer version is being deployed its workers have it soon; later it costs next to nothing.
 */
export function newerWaitMs(ageMs: number): number {
  return Math.min(Math.max(ageMs, MIN_NEWER_WAIT_MS), MAX_NEWER_WAIT_MS);
}

/** How many messages of a queue no process of this version need look at now (ms): a drain worker has found them newer. */
export function leftForNewer({ newer }: QueueControl, now: number): number {
  return newer && newer.version >= NEWEST_VERSION && newer.until > now ? newer.count : 0;
}
