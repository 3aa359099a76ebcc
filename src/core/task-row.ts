import type { FailureReason, TaskState } from './task-states.ts';

/** Which ledger counts an end, and as its how manieth. `n` starts at 1. */
export interface Stamp {
  readonly ledger: string;
  readonly n: number;
}

/** A shell command, a program with its arguments and no shell, or a named handler with its arguments as JSON text. */
export type Program =
  | { readonly command: string }
  | { readonly argv: readonly string[] }
  | { readonly handler: string; readonly args?: string };

export interface TaskProgress {
  readonly percent: number;
  readonly message: string;
}

/**
 * The state item of a task. Times are ms since the epoch, but `expiresAt`: seconds, as DynamoDB's TTL wants.
 * Kept under 1 KB: what is long lives in the output and payload items.
 */
export interface TaskRow {
  readonly id: string;
  readonly queue: string;
  readonly state: TaskState;
  /** Digest of the content; a message of another content under this id is refused. */
  readonly hash: string;
  readonly createdAt: number;
  readonly maxAttempts: number;
  /** What it runs. Absent when its queue's own program runs it; `cut` when only its beginning is here. */
  readonly program?: Program;
  readonly programCut?: boolean;
  /** Attempts begun, only ever rising. */
  readonly attempt: number;
  /** Attempts that ended badly since the enqueue or the last redrive. */
  readonly failures: number;
  /** Names one claim; whoever knows it holds the lease. */
  readonly token?: string;
  readonly lease?: number;
  readonly notBefore?: number;
  readonly cancelRequested?: boolean;
  readonly worker?: string;
  readonly startedAt?: number;
  readonly endedAt?: number;
  readonly reason?: FailureReason;
  readonly exitCode?: number;
  readonly signal?: string;
  readonly error?: string;
  readonly stdout?: string;
  readonly stderr?: string;
  /** JSON text. */
  readonly result?: string;
  /** Set when the output of this attempt is in the output item. */
  readonly outputOf?: number;
  readonly progress?: TaskProgress;
  readonly stamp?: Stamp;
  /** An earlier end of this task that is counted, and that its next end takes back. */
  readonly countedAs?: 'FAILED';
  readonly expiresAt?: number;
  /** Set when a newer version wrote the row: it is there to be shown, as far as it is understood. Never stored. */
  readonly newerVersion?: number;
}
