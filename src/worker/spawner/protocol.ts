import type { ProgramStart } from './program-runner.ts';

/** What the worker tells its spawner. The end of the pipe says the last thing: kill all, and exit. */
export const Request = { start: 1, kill: 2, progress: 3 } as const;

/** What the spawner tells its worker. */
export const Report = { ready: 10, started: 11, stdout: 12, stderr: 13, end: 14, progress: 15 } as const;

/** Body of `ready`, as JSON. */
export interface ReadyReport {
  /** Absent where Node starts the programs: no starter was named, or it could not be run. */
  starterPid?: number;
  starterError?: string;
}

/** Body of `start`, as JSON. */
export type StartRequest = Omit<ProgramStart, 'onOutput'> & {
  /** Whether the worker wants the output as it comes; if not, only its tails travel, with the end. */
  forwardOutput: boolean;
};

/** Body of `kill`, as JSON. */
export interface KillRequest {
  graceMs: number;
}

/** Body of `started`, as JSON: the worker kills this group should the spawner die first. */
export interface StartedReport {
  pid: number;
}

/** Body of `end`, as JSON: a ProgramEnd whose result is still text, so that it is parsed only once. */
export interface EndReport {
  exitCode?: number;
  signal?: string;
  spawnError?: string;
  stdout: string;
  stderr: string;
  resultText?: string;
  resultError?: string;
  durationMs: number;
}

/** Body of `progress`, as JSON; an empty body says that there is none. */
export interface ProgressReport {
  percent: number;
  message: string;
}

/** Another user to run programs as; the spawner must be root then. */
export interface RunAs {
  uid: number;
  gid: number;
}

/** The spawner's only argument, as JSON. */
export interface SpawnerSettings {
  /** The folder of this spawner alone: everything it makes lies in it, and goes with it. */
  root: string;
  tailBytes: number;
  resultBytes: number;
  orphanGraceMs: number;
  /** The folder around `root` is the worker's alone, and goes when the worker has gone. */
  scratchGoes?: boolean;
  /** The path of the starter to use. */
  starter?: string;
  runAs?: RunAs;
}
