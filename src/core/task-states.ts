/** The states of a task and the one table of events that move it (docs/architecture.md). */

export const TASK_STATES = ['PENDING', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELLED'] as const;
export type TaskState = (typeof TASK_STATES)[number];

export const TERMINAL_STATES = ['SUCCEEDED', 'FAILED', 'CANCELLED'] as const;
export type TerminalState = (typeof TERMINAL_STATES)[number];

/** Why a task FAILED. */
export const FAILURE_REASONS = ['exit', 'signal', 'timeout', 'error', 'spawn', 'lost', 'invalid'] as const;
export type FailureReason = (typeof FAILURE_REASONS)[number];

/** `none`: the task has no row yet. */
export type StateBefore = TaskState | 'none';

interface Event {
  readonly from: readonly StateBefore[];
  /** The state after; `same` keeps what the row has. */
  readonly to: TaskState | 'same';
}

/**
 * Every event, the states it may happen in, and the state it leads to.
 * Conditions on writes are derived from this table and from nothing else (src/aws/task-commands.ts).
 */
export const TASK_EVENTS = {
  /** A row is made for a task whose message has been sent. */
  enqueue: { from: ['none'], to: 'PENDING' },
  /** A worker that holds the message starts an attempt. */
  claim: { from: ['none', 'PENDING'], to: 'RUNNING' },
  /** The lease of the running attempt has passed: a failure of its own, and the next attempt. */
  takeOver: { from: ['RUNNING'], to: 'RUNNING' },
  /** A message that says `redriveOf` this attempt found the row still FAILED. */
  rerun: { from: ['FAILED'], to: 'RUNNING' },
  /** The heartbeat renews the lease. */
  beat: { from: ['RUNNING'], to: 'RUNNING' },
  /** The attempt failed and failures are left. */
  retry: { from: ['RUNNING'], to: 'PENDING' },
  /** A worker that must stop gives its attempt back; no failure. */
  handBack: { from: ['RUNNING'], to: 'PENDING' },
  succeed: { from: ['RUNNING'], to: 'SUCCEEDED' },
  fail: { from: ['none', 'PENDING', 'RUNNING'], to: 'FAILED' },
  cancel: { from: ['none', 'PENDING', 'RUNNING'], to: 'CANCELLED' },
  /** Asks the worker of a running attempt to cancel it; the next heartbeat brings it. */
  requestCancel: { from: ['RUNNING'], to: 'RUNNING' },
  redrive: { from: ['FAILED'], to: 'PENDING' },
  /** An end that its ledger never counted becomes an end of another ledger. */
  restamp: { from: ['SUCCEEDED', 'FAILED', 'CANCELLED'], to: 'same' },
} as const satisfies Record<string, Event>;

export type TaskEvent = keyof typeof TASK_EVENTS;

/** True for a state that only redrive can leave. */
export function isTerminal(state: StateBefore): state is TerminalState {
  return (TERMINAL_STATES as readonly string[]).includes(state);
}
