import type { KillCause } from '../spawner/program-runner.ts';
import type { HandlerInfo } from './handlers.ts';

/** What a worker tells a handler host. The end of the connection says the last thing: exit. */
export const ToHost = { call: 1, abort: 2 } as const;

/** What a handler host tells its worker. Output and results travel raw, all else as JSON. */
export const FromHost = {
  loading: 10,
  ready: 11,
  refused: 12,
  stdout: 13,
  stderr: 14,
  progress: 15,
  aborting: 16,
  returned: 17,
  failed: 18,
  fault: 19,
} as const;

/** No frame of a host is longer: a result has 256 KiB at most, and output comes in pieces. */
export const MAX_HOST_FRAME_BYTES = 1024 * 1024;

/** The only argument of a handler host, as JSON. */
export interface HostSettings {
  /** Folder of the definitions. */
  readonly tasksDir: string;
  /** What it may use beyond what it used once everything was loaded. */
  readonly memoryMiB: number;
  /** Where Node may keep compiled code for the next host. */
  readonly compileCache?: string | undefined;
}

/** Body of `call`. */
export interface CallBody {
  readonly handler: string;
  readonly args?: unknown;
  readonly taskId: string;
  readonly queue: string;
  readonly attempt: number;
  /** Absent: as at the call before. */
  readonly env?: Readonly<Record<string, string>> | undefined;
}

/** Body of `abort`. */
export interface AbortBody {
  readonly cause: KillCause;
}

/** Body of `ready`. */
export interface ReadyBody {
  readonly pid: number;
  readonly handlers: readonly HandlerInfo[];
}

/** Body of `refused`: the files that hold no definition, and why. */
export type RefusedBody = readonly { readonly file: string; readonly why: string }[];

/** Body of `failed`. */
export interface FailedBody {
  readonly reason: 'error' | 'invalid';
  readonly error: string;
  readonly isFinal?: boolean;
  /** The host has something of this call in it that could harm the next one: it must be replaced. */
  readonly isBroken?: boolean;
}
/**
 * `returned`, with its result as JSON text or nothing, and `failed` carry in the highest bit of the call's number
 * whether the host must not be used again: child processes are left, or built-ins are not what they were.
 */
export const LAST_CALL = 0x8000_0000;
