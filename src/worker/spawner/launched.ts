import type { OutputSource } from './capture-output.ts';
import type { Leader } from './process-group.ts';
import type { RunFolder } from './run-folder.ts';

/** How the process that leads a program's group ended. */
export interface LeaderEnd {
  /** Null when a signal ended it. */
  exitCode: number | null;
  signal: string | null;
  /** Nothing is left of its group. */
  groupIsGone?: boolean;
  /** A SIGTERM had reached the group by then. */
  wasTerminated?: boolean;
  /** There is no MILLRACE_RESULT. */
  hasNoResult?: boolean;
}

/** A program that was asked for, however its process is made. */
export interface Launched {
  readonly folder: RunFolder;
  readonly stdout: OutputSource;
  readonly stderr: OutputSource;
  /** The process, by its pid; it may not be its program yet. Rejects with what the system says when there can be none. */
  readonly started: Promise<{ pid: number; leader?: Leader }>;
  /** Rejects, too, with why the process could not become its program. */
  readonly ended: Promise<LeaderEnd>;
  /** Removes what was made for it, once nothing of it lives. @throws if something stays */
  tidy(outputs: { stdoutEnded: boolean; stderrEnded: boolean }): Promise<void>;
}
