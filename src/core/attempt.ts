import { parseBatchTaskId } from './batch-row.ts';
import type { Claimant } from './claimant.ts';
import { leaseMs } from './claim.ts';
import type { TaskMessage } from './envelope.ts';
import { MAX_STATE_ITEM_BYTES, MAX_VISIBILITY_MS } from './limits.ts';
import { expiryAfter } from './new-row.ts';
import type { TaskOutput } from './ports.ts';
import { backoffMs } from './retry.ts';
import type { EndResult } from './settle.ts';
import { keepContent } from './task-content.ts';
import type { FailureReason } from './task-states.ts';
import type { TaskProgress, TaskRow } from './task-row.ts';
import { byteLength } from './task-spec.ts';
import type { Guard, TaskChange } from './transition.ts';

/** A claimed attempt: what its worker may still write, as long as the row has its attempt and its token. */
export interface Attempt {
  readonly row: TaskRow;
  readonly token: string;
  readonly message: TaskMessage;
}

/** How a program ended. `result` is JSON text. */
export interface Outcome {
  /** Absent: it succeeded. */
  readonly failure?: {
    readonly reason: FailureReason;
    readonly error?: string;
    /** Another attempt would end the same way: FAILED at once. */
    readonly isFinal?: boolean;
  };
  readonly exitCode?: number;
  readonly signal?: string;
  readonly stdout: string;
  readonly stderr: string;
  readonly result?: string;
  /** How long it ran; absent: nobody knows. */
  readonly ranMs?: number;
}

export type AttemptEnd =
  | { readonly kind: 'ended'; readonly row: TaskRow; readonly counted: Promise<boolean> }
  /** PENDING again; the message is to be visible after so long. */
  | { readonly kind: 'again'; readonly ms: number }
  /** The lease is somebody else's: nothing was written. */
  | { readonly kind: 'lost' };

/** Renews the lease. `cancel`: the program is to be ended. */
export async function beat(
  claimant: Claimant,
  attempt: Attempt,
  progress: TaskProgress | undefined,
): Promise<'renewed' | 'cancel' | 'lost'> {
  const { ports, definition } = claimant;
  const lease = ports.clock() + leaseMs(definition);
  const result = await ports.tasks.change({
    id: attempt.row.id,
    event: 'beat',
    known: attempt.row,
    // An earlier beat that was given up, and takes effect only now, must not take back what a later one has renewed.
    guard: { ...mine(attempt), leaseBefore: lease + 1 },
    set: { lease, ...(progress && { progress }) },
  });
  const { row } = result;
  const isMine = result.done || (row?.token === attempt.token && (row.lease ?? 0) > lease);
  if (!row || !isMine) return 'lost';
  return row.cancelRequested ? 'cancel' : 'renewed';
}

/** SUCCEEDED, FAILED, or PENDING again when failures are left and another attempt could end otherwise. Writes: output, payload, then the row. */
export async function finishAttempt(
  claimant: Claimant,
  attempt: Attempt,
  outcome: Outcome,
): Promise<AttemptEnd> {
  const { ports } = claimant;
  const { row } = attempt;
  const now = ports.clock();
  const report = {
    ...reportOf(outcome),
    ...startOf(row, outcome, now),
    ...(await storeOutput(claimant, row, outcome, now)),
  };
  if (!outcome.failure) return end(claimant, attempt, 'succeed', report, now);
  const failures = row.failures + 1;
  if (failures < row.maxAttempts && outcome.failure.isFinal !== true) {
    const ms = Math.min(backoffMs(failures, ports.random()), MAX_VISIBILITY_MS);
    return release(claimant, attempt, {
      event: 'retry',
      set: { ...report, notBefore: now + ms },
      raise: ['failures'],
      ms,
    });
  }
  if (!parseBatchTaskId(row.id)) await keepContent(ports, row.id, attempt.message.content);
  return end(claimant, attempt, 'fail', report, now);
}

/** CANCELLED, after its program has been ended. */
export async function cancelAttempt(
  claimant: Claimant,
  attempt: Attempt,
  outcome: Outcome,
): Promise<AttemptEnd> {
  const now = claimant.ports.clock();
  const output = await storeOutput(claimant, attempt.row, outcome, now);
  return end(claimant, attempt, 'cancel', { ...startOf(attempt.row, outcome, now), ...output }, now);
}

/** Gives the attempt back: another worker may start the next one at once, and no failure is counted. */
export async function handBack(claimant: Claimant, attempt: Attempt): Promise<AttemptEnd> {
  return release(claimant, attempt, { event: 'handBack', set: {}, ms: 0 });
}

async function end(
  claimant: Claimant,
  attempt: Attempt,
  event: 'succeed' | 'fail' | 'cancel',
  report: Partial<TaskRow>,
  now: number,
): Promise<AttemptEnd> {
  const result: EndResult = await claimant.settler.end({
    id: attempt.row.id,
    event,
    from: ['RUNNING'],
    guard: mine(attempt),
    known: attempt.row,
    set: { ...report, queue: attempt.row.queue, endedAt: now, expiresAt: expiryAfter(now) },
    ...(event === 'fail' ? { raise: ['failures'] as const } : {}),
    clear: ['token', 'lease', 'cancelRequested'],
  });
  return result.done ? { kind: 'ended', row: result.row, counted: result.counted } : { kind: 'lost' };
}

async function release(
  claimant: Claimant,
  attempt: Attempt,
  to: Pick<TaskChange, 'event' | 'set' | 'raise'> & { ms: number },
): Promise<AttemptEnd> {
  const { ms, ...change } = to;
  const result = await claimant.ports.tasks.change({
    ...change,
    id: attempt.row.id,
    guard: mine(attempt),
    known: attempt.row,
    clear: ['token', 'lease'],
  });
  // A repeated request finds its own work done: the same attempt, released.
  const isReleased = result.row?.state === 'PENDING' && result.row.attempt === attempt.row.attempt;
  if (!result.done && !isReleased) return { kind: 'lost' };
  // The cancel came too late for a heartbeat to bring it: the next claim ends the task, without a back-off.
  return { kind: 'again', ms: result.row?.cancelRequested ? 0 : ms };
}

function mine(attempt: Attempt): Guard {
  return { attempt: attempt.row.attempt, token: attempt.token };
}

function reportOf(outcome: Outcome): Partial<TaskRow> {
  return {
    ...(outcome.failure && { reason: outcome.failure.reason }),
    ...(outcome.failure?.error !== undefined && { error: outcome.failure.error.slice(0, 400) }),
    ...(outcome.exitCode !== undefined && { exitCode: outcome.exitCode }),
    ...(outcome.signal !== undefined && { signal: outcome.signal }),
  };
}

/** A row says first when its attempt was claimed, which may be before a slot was free for it; then when its program began. */
function startOf({ startedAt = 0 }: TaskRow, { ranMs }: Outcome, now: number): Partial<TaskRow> {
  return ranMs === undefined ? {} : { startedAt: Math.max(startedAt, now - Math.round(ranMs)) };
}

/** Tails and result go into the state item when they fit, else into an item of their own. */
async function storeOutput(
  claimant: Claimant,
  row: TaskRow,
  outcome: Outcome,
  now: number,
): Promise<Partial<TaskRow>> {
  const { stdout, stderr, result } = outcome;
  const inline: Partial<TaskRow> = {
    ...(stdout !== '' && { stdout }),
    ...(stderr !== '' && { stderr }),
    ...(result !== undefined && { result }),
  };
  if (Object.keys(inline).length === 0) return {};
  const ending = 200; // stamp, times and keys that the end adds
  if (byteLength(JSON.stringify({ ...row, ...inline })) + ending <= MAX_STATE_ITEM_BYTES) return inline;
  const output: TaskOutput = {
    attempt: row.attempt,
    stdout,
    stderr,
    ...(result !== undefined && { result }),
  };
  await claimant.ports.tasks.writeOutput(row.id, output, expiryAfter(now));
  return { outputOf: row.attempt };
}
