import type { Log } from '../../core/ports.ts';
import type { ProgramRunner } from '../spawner/program-runner.ts';

/** What a pool of hosts is made of. */
export interface HandlerPoolOptions {
  readonly runner: ProgramRunner;
  /** The folder of the definitions. */
  readonly tasksDir: string;
  /** The most hosts, so the most calls at the same time. */
  readonly slots: number;
  /** What one call may use beside what Node and the loaded code take. */
  readonly memoryMiB: number;
  /** Of hosts that are started before a call says better. */
  readonly env: () => Readonly<Record<string, string>>;
  /** A folder that only the worker's user may enter. */
  readonly channelDir: string;
  readonly tailBytes: number;
  readonly log: Log;
  /** A host that was not called for so long is ended. */
  readonly idleMs?: number;
  /** A host is replaced after so many calls. */
  readonly maxCalls?: number;
}
