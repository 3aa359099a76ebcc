import type { Capacity, LaunchLock, QueueCounts } from './ports.ts';
import type { WorkerReport } from './queue-control.ts';
import type { QueueDefinition } from './queue-definition.ts';

/** ECS takes no more in one RunTask. */
const MAX_ORDER = 10;
/** How long a started worker may be missing from the service's list, and how often a full queue gets one more. */
export const RECENT_MS = 60_000;
const MAX_REMEMBERED = 100; // the lock shares an item that workers read every second

/** What a launcher knows when it decides. */
export interface Need {
  readonly counts: QueueCounts;
  /** Of the messages, those that no worker of this version can run. */
  readonly newer: number;
  /** Messages sent just now, which SQS may not count yet. */
  readonly sent: number;
  /** Workers that run or are on their way. */
  readonly running: number;
  readonly reports: readonly WorkerReport[];
  readonly lock: LaunchLock | undefined;
  readonly now: number;
}

/**
 * How many workers to start: min(max, ⌈backlog ÷ tasks per worker⌉) − running.
 *
 * The backlog is every message that has not been settled. What runs belongs to it, since the workers that run it
 * are subtracted; what waits for its back-off, was handed back or was held by a worker that died needs somebody to
 * be there, too; what a worker has left for newer ones does not. A worker that is full takes nothing more, though: while all are, and tasks wait, one more is
 * started each minute, so that a few long tasks do not hold up what comes after them.
 */
export function workersToStart(definition: QueueDefinition, need: Need): number {
  const { counts, newer, sent, running } = need;
  const backlog = Math.max(counts.visible + counts.delayed + counts.inFlight - newer, sent);
  const wanted = Math.ceil(backlog / definition.tasksPerWorker);
  const desired = Math.max(wanted, isStuck(definition, need) ? running + 1 : 0);
  return Math.max(0, Math.min(definition.maxWorkers, desired) - running);
}

function isStuck(definition: QueueDefinition, { counts, newer, running, reports, lock, now }: Need): boolean {
  if (counts.visible <= newer || running === 0 || now - (lock?.at ?? 0) < RECENT_MS) return false;
  const aliveSince = now - definition.leaseSeconds * 1000;
  const full = reports.filter(({ at, busy, slots }) => at >= aliveSince && busy >= slots);
  return full.length >= running;
}

/** So many workers in requests of at most 10, the queue's share of them on Spot capacity. */
export function toOrders(count: number, spotShare: number): LaunchLock['orders'] {
  const spot = Math.round(count * spotShare);
  return [...split(spot, 'spot'), ...split(count - spot, 'on-demand')];
}

function split(count: number, capacity: Capacity): LaunchLock['orders'] {
  const length = Math.ceil(count / MAX_ORDER);
  return Array.from({ length }, (_, index) => ({
    count: Math.min(MAX_ORDER, count - index * MAX_ORDER),
    capacity,
  }));
}

/** Workers that the service may not list yet, since they were started a moment ago. */
export function recentlyStarted(lock: LaunchLock | undefined, now: number): readonly string[] {
  if (!lock || now - lock.at >= RECENT_MS) return [];
  return [...lock.before, ...(lock.started ?? [])].slice(-MAX_REMEMBERED);
}
