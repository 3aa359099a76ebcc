import type { FailureReason } from '../../core/task-states.ts';

/** Why a program is ended from outside. */
export type KillCause = 'timeout' | 'cancel' | 'lease lost' | 'stop';

/** What the worker asks for: one program, to be run once. */
export interface ProgramStart {
  /** Unique per attempt; may hold any characters, they are made safe before they name a file. */
  runId: string;
  /** `command` goes to `/bin/sh -c`; `argv` is executed as it is, without a shell. */
  program: { command: string } | { argv: readonly string[] };
  /** Written to STDIN, which then ends; absent: STDIN is empty (`/dev/null`). */
  input?: string;
  /**
   * The whole environment of the program but MILLRACE_RESULT and MILLRACE_PROGRESS (and HOME, PWD
   * and TMPDIR where absent), which the spawner adds.
   */
  env: Readonly<Record<string, string>>;
  /** Receives what the program prints, decoded as UTF-8, in order: for the worker's log. */
  onOutput?: (stream: 'stdout' | 'stderr', text: string) => void;
  /**
   * A Unix socket on which the worker listens. The program gets a connection to it as its descriptor 3, so that
   * the two speak without the spawner between them.
   */
  channel?: string;
}

/** What an end means where the program's exit does not say it. */
export interface ProgramFailure {
  readonly reason: FailureReason;
  readonly error: string;
  /** Another attempt would end the same way. */
  readonly isFinal?: boolean;
}

/** How a program ended: a non-zero exit is a result like any other, not an exception. */
export interface ProgramEnd {
  /** As Node gives them: exactly one of the two, unless there is a `spawnError`; none of a handler that returned. */
  exitCode?: number;
  signal?: string;
  /** The program could not be started (ENOENT, EACCES, E2BIG…): clear text. */
  spawnError?: string;
  /** The ends of what it printed: valid UTF-8, at most `tailBytes`, a cut marked by a leading `…`. */
  stdout: string;
  stderr: string;
  /** What it wrote to MILLRACE_RESULT, parsed; or why that could not be taken. */
  result?: unknown;
  resultError?: string;
  /** Of handlers: goes before what exit code, signal and result would say. */
  failure?: ProgramFailure;
  /** From its start: what it waited for before is not in it. */
  durationMs: number;
}

/** A program on its way. */
export interface ProgramRun {
  /** Resolves when the process exists, or could not be started. */
  readonly started: Promise<void>;
  /** Always resolves; rejects only with SpawnerDied. */
  readonly done: Promise<ProgramEnd>;
  /**
   * SIGTERM to the whole group, SIGKILL after `graceMs`; idempotent; a later call may shorten the
   * grace. Handlers are told `cause` instead of SIGTERM.
   */
  kill(graceMs: number, cause?: KillCause): void;
  /** The last valid line of MILLRACE_PROGRESS (`40 message`), if there is one. */
  progress(): Promise<{ percent: number; message: string } | undefined>;
}

/** Runs programs, each in its own process group, working directory and environment. */
export interface ProgramRunner {
  run(start: ProgramStart): ProgramRun;
  /** Ends every program that still runs, then the spawner. */
  close(): Promise<void>;
  /** The process id of the spawner. */
  readonly pid: number;
}

/** The spawner process ended while the program was in its hands; the program was killed. */
export class SpawnerDied extends Error {}
