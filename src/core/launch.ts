import { MillraceError } from './errors.ts';
import { recentlyStarted, toOrders, workersToStart } from './launch-plan.ts';
import { leftForNewer } from './newer-messages.ts';
import type { LaunchLock, LaunchMode, Ports } from './ports.ts';
import type { QueueDefinition } from './queue-definition.ts';
import type { WorkerLauncher } from './worker-launcher.ts';

type LaunchPorts = Pick<Ports, 'queues' | 'messages' | 'clock' | 'newId' | 'digest' | 'log'>;

export interface LaunchResult {
  readonly queue: string;
  readonly started: number;
  /** Why there are fewer than were wanted. */
  readonly failures: readonly { readonly reason: string }[];
}

/** Workers that somebody asks for. */
export interface WorkersRequest {
  readonly count: number;
  readonly mode: LaunchMode;
  /** The same request under the same key is the same workers. */
  readonly key?: string | undefined;
}

/** How long a launcher that says nothing is presumed at work: longer than its function may run. */
const HOLD_MS = 150_000;
/** Orders whose outcome nobody could learn for so long are given up: what they started is listed by now. */
const GIVE_UP_MS = 600_000;

/**
 * Starts the workers that a queue lacks. Safe to be called by any number of launchers at any time: what one sets
 * out to start is written to the launch lock first, on condition that nobody else has, and every request carries a
 * token made of it, so that it may be sent again. Orders that another launcher left without an answer are sent
 * again, under their old tokens, before anything is decided.
 * @param sent messages sent just now
 * Rejects when an outcome stays unknown: the next run goes on with it.
 */
export async function launchWorkers(
  ports: LaunchPorts,
  launcher: WorkerLauncher,
  definition: QueueDefinition,
  sent = 0,
): Promise<LaunchResult> {
  const queue = definition.name;
  const nothing: LaunchResult = { queue, started: 0, failures: [] };
  const control = await ports.queues.readControl(queue);
  if (control.paused) return nothing;
  const lock = await settledLock(ports, launcher, queue);
  if (lock === 'held' || definition.maxWorkers === 0) return nothing;
  const now = ports.clock();
  const [counts, reports, running] = await Promise.all([
    ports.messages.main(queue).counts(),
    ports.queues.workers(queue),
    launcher.running(queue, recentlyStarted(lock, now)),
  ]);
  const count = workersToStart(definition, {
    counts,
    newer: leftForNewer(control, now),
    sent,
    running,
    reports,
    lock,
    now,
  });
  if (count === 0) return nothing;
  const result = await order(ports, launcher, definition, lock, {
    token: ports.newId(),
    count,
    mode: 'until-empty',
  });
  return result ?? nothing;
}

/**
 * Starts exactly so many workers, whatever the queue's settings say.
 * @throws MillraceError `wrong_state` while the queue is paused, `unavailable` while another launcher is at work
 */
export async function startWorkers(
  ports: LaunchPorts,
  launcher: WorkerLauncher,
  definition: QueueDefinition,
  { count, mode, key }: WorkersRequest,
): Promise<LaunchResult> {
  const queue = definition.name;
  if ((await ports.queues.readControl(queue)).paused) throw queueIsPaused(queue);
  const lock = await settledLock(ports, launcher, queue);
  if (lock === 'held') throw launcherAtWork(queue);
  const token =
    key === undefined ? ports.newId() : ports.digest(JSON.stringify(['workers', queue, count, mode, key]));
  const result = await order(ports, launcher, definition, lock, { token, count, mode });
  if (result) return result;
  throw (await ports.queues.readControl(queue)).paused ? queueIsPaused(queue) : launcherAtWork(queue);
}

/** The lock once nothing about it is open any more; `held` while another launcher is at it. */
async function settledLock(
  ports: LaunchPorts,
  launcher: WorkerLauncher,
  queue: string,
): Promise<LaunchLock | undefined | 'held'> {
  const lock = await ports.queues.readLaunchLock(queue);
  const now = ports.clock();
  if (!lock || lock.started) return lock;
  if (lock.heldUntil > now) return 'held';
  if (now - lock.at >= GIVE_UP_MS) return lock;
  ports.log.warn(
    { queue, orders: lock.orders },
    'sending orders again that a launcher left without an answer',
  );
  const mine = await take(ports, queue, { ...lock, heldUntil: now + HOLD_MS }, lock);
  return mine ? (await carryOut(ports, launcher, queue, mine)).lock : 'held';
}

/** @returns undefined when another launcher was faster, or the queue has been paused */
async function order(
  ports: LaunchPorts,
  launcher: WorkerLauncher,
  definition: QueueDefinition,
  read: LaunchLock | undefined,
  { token, count, mode }: { token: string; count: number; mode: LaunchMode },
): Promise<LaunchResult | undefined> {
  const queue = definition.name;
  const lockOf = (name: string, orders: LaunchLock['orders'], last: LaunchLock | undefined): LaunchLock => {
    const at = ports.clock();
    return { token: name, at, mode, orders, heldUntil: at + HOLD_MS, before: recentlyStarted(last, at) };
  };
  const lock = await take(ports, queue, lockOf(token, toOrders(count, definition.spotShare), read), read);
  if (!lock) return undefined;
  const first = await carryOut(ports, launcher, queue, lock);
  const outcome = { started: first.started, failures: first.failures };
  if (first.missingSpot > 0) {
    // Under a lock of its own: whoever finishes this one must not ask for Spot capacity a second time.
    const instead = lockOf(`${token}-d`, toOrders(first.missingSpot, 0), first.lock);
    const second = await take(ports, queue, instead, first.lock);
    if (second) {
      const { started, failures } = await carryOut(ports, launcher, queue, second);
      outcome.started += started;
      outcome.failures = [...outcome.failures, ...failures];
    }
  }
  ports.log.info({ queue, wanted: count, ...outcome }, 'workers started');
  return { queue, ...outcome };
}

/** Sends the orders of a lock that this launcher holds, then closes it. */
async function carryOut(ports: LaunchPorts, launcher: WorkerLauncher, queue: string, lock: LaunchLock) {
  const ids: string[] = [];
  const failures: { reason: string }[] = [];
  let missingSpot = 0;
  try {
    for (const [index, { count, capacity }] of lock.orders.entries()) {
      const clientToken = `${lock.token}-${index}`;
      const result = await launcher.start({ queue, count, clientToken, mode: lock.mode, capacity });
      ids.push(...result.started);
      failures.push(...result.failures);
      for (const { reason } of result.failures)
        ports.log.warn({ queue, capacity, count, reason }, 'a worker was not started');
      if (result.throttled) break; // the next run sees what is still missing
      if (capacity === 'spot') missingSpot += Math.max(0, count - result.started.length);
    }
  } catch (error) {
    ports.log.warn({ err: error, queue }, 'it is not known whether workers were started; to be asked again');
    await take(ports, queue, { ...lock, heldUntil: ports.clock() }, lock).catch(() => {}); // else it runs out
    throw error;
  }
  const over: LaunchLock = { ...lock, heldUntil: 0, started: ids };
  const isClosed = await take(ports, queue, over, lock);
  if (!isClosed) ports.log.warn({ queue }, 'another launcher has finished these orders meanwhile');
  return { lock: over, started: ids.length, failures, missingSpot: isClosed ? missingSpot : 0 };
}

/** @returns the lock when it is stored; a write whose first answer was lost finds itself refused, and stored */
async function take(
  ports: LaunchPorts,
  queue: string,
  lock: LaunchLock,
  read: LaunchLock | undefined,
): Promise<LaunchLock | undefined> {
  if (await ports.queues.takeLaunchLock(queue, lock, read)) return lock;
  const stored = await ports.queues.readLaunchLock(queue);
  return stored?.token === lock.token && stored.heldUntil === lock.heldUntil ? lock : undefined;
}

function queueIsPaused(queue: string): MillraceError {
  return new MillraceError('wrong_state', `Queue ${queue} is paused: nothing is launched for it.`, {
    expected: 'a queue that is not paused',
    got: 'a paused one',
    hint: `Resume it first: millrace resume ${queue}`,
  });
}

function launcherAtWork(queue: string): MillraceError {
  return new MillraceError('unavailable', `Workers are being started for queue ${queue} at this moment.`, {
    hint: 'Send the request again in some seconds, with the same Idempotency-Key if it has one.',
  });
}
