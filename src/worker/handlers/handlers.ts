import type { KillCause, ProgramRun, ProgramStart } from '../spawner/program-runner.ts';

/** What a worker knows of a definition whose code runs elsewhere. */
export interface HandlerInfo {
  readonly name: string;
  /** For calls that do not say their own. */
  readonly timeoutSeconds?: number | undefined;
  readonly maxAttempts?: number | undefined;
}

/** One call of a named handler. */
export interface HandlerCall extends Pick<ProgramStart, 'onOutput'> {
  readonly handler: string;
  /** Any JSON; absent: the call has none. */
  readonly args?: unknown;
  readonly taskId: string;
  readonly queue: string;
  /** From 1. */
  readonly attempt: number;
  /** Of the process that runs it, from this call on: credentials change. */
  readonly env: Readonly<Record<string, string>>;
}

/** Calls the named handlers of a worker, each isolated from the worker and from the others. */
export interface Handlers {
  readonly names: readonly string[];
  find(name: string): HandlerInfo | undefined;
  /** Like a program: killing aborts the handler's signal first. Its `done` rejects only with SpawnerDied. */
  run(call: HandlerCall): ProgramRun;
  /** Ends every process of it. */
  close(): Promise<void>;
}

/** What a handler's signal says when it is aborted, by why. */
export const ABORT_MESSAGES: Readonly<Record<KillCause, string>> = {
  timeout: 'the task has timed out',
  cancel: 'the task was cancelled',
  'lease lost': 'the lease of this attempt was lost: another worker may run the task',
  stop: 'the worker is stopping; the task is handed back',
};
