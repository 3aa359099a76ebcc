import { TASK_EVENTS, type StateBefore, type TaskEvent } from './task-states.ts';
import type { Stamp, TaskRow } from './task-row.ts';

/**
 * What must hold of an existing row, besides its state. A request that was given up may still take effect
 * later, so a guard names something that never comes back: an attempt, a token, a stamp.
 */
export interface Guard {
  readonly attempt?: number;
  /** null: the row has none. */
  readonly token?: string | null;
  readonly stamp?: Stamp;
  readonly hash?: string;
  /** The lease ended before this time (ms). */
  readonly leaseBefore?: number;
  /** `notBefore` is absent or not after this time (ms). */
  readonly dueBy?: number;
  readonly noCancelRequest?: true;
}

/** One conditional write on the state item of a task. */
export interface TaskChange {
  readonly id: string;
  readonly event: TaskEvent;
  /** Narrows the states of the event. */
  readonly from?: readonly StateBefore[];
  readonly guard: Guard;
  readonly set: Partial<TaskRow>;
  /** Counters that rise by one, from 0 where absent. */
  readonly raise?: readonly ('attempt' | 'failures')[];
  readonly clear?: readonly (keyof TaskRow)[];
  /** Most likely there is no row yet: a hint, see src/core/together.ts. */
  readonly isBirth?: boolean;
  /** The row as whoever holds its token left it: a hint, too. */
  readonly known?: TaskRow;
}

/** The states in which this change may happen. */
export function statesBefore(change: TaskChange): readonly StateBefore[] {
  const allowed: readonly StateBefore[] = TASK_EVENTS[change.event].from;
  return change.from ? change.from.filter((state) => allowed.includes(state)) : allowed;
}

/** True when the row satisfies the guard. A row that is not there has nothing to guard. */
export function satisfies(row: TaskRow, guard: Guard): boolean {
  return (
    (guard.attempt === undefined || row.attempt === guard.attempt) &&
    (guard.token === undefined || (row.token ?? null) === guard.token) &&
    (guard.stamp === undefined || isSameStamp(row.stamp, guard.stamp)) &&
    (guard.hash === undefined || row.hash === guard.hash) &&
    (guard.leaseBefore === undefined || (row.lease !== undefined && row.lease < guard.leaseBefore)) &&
    (guard.dueBy === undefined || (row.notBefore ?? 0) <= guard.dueBy) &&
    (guard.noCancelRequest === undefined || row.cancelRequested !== true)
  );
}

export function isSameStamp(one: Stamp | undefined, other: Stamp): boolean {
  return one?.ledger === other.ledger && one.n === other.n;
}

/** The row after the change, or undefined when the change is not allowed now. */
export function transition(row: TaskRow | undefined, change: TaskChange): TaskRow | undefined {
  if (!statesBefore(change).includes(row?.state ?? 'none')) return undefined;
  if (row && !satisfies(row, change.guard)) return undefined;
  const { to } = TASK_EVENTS[change.event];
  const next: Record<string, unknown> = { attempt: 0, failures: 0, ...row, ...change.set, id: change.id };
  if (to !== 'same') next['state'] = to;
  for (const counter of change.raise ?? []) next[counter] = (row?.[counter] ?? 0) + 1;
  for (const field of change.clear ?? []) delete next[field];
  return next as unknown as TaskRow;
}
