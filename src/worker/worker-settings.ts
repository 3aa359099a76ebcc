import type { Ports } from '../core/ports.ts';
import type { QueueDefinition } from '../core/queue-definition.ts';
import type { Settler } from '../core/settle.ts';
import type { Handlers } from './handlers/handlers.ts';
import type { Foresight } from './prefetch.ts';
import type { Redactor } from './redactor.ts';
import type { ProgramRunner } from './spawner/program-runner.ts';

/**
 * `once`: one attempt. `until-empty`: until nothing is visible, delayed or in flight but what only newer workers can
 * run. `forever`: until told to stop.
 */
export type WorkerMode = 'once' | 'until-empty' | 'forever';

/** Everything that a worker is made of; it reads nothing from the process it runs in. */
export interface WorkerSettings {
  readonly ports: Ports;
  readonly settler: Settler;
  readonly definition: QueueDefinition;
  readonly runner: ProgramRunner;
  /** Its name in rows, reports and logs. */
  readonly worker: string;
  readonly mode: WorkerMode;
  /** Programs that run at the same time. */
  readonly slots: number;
  /** How far it works ahead of its slots; by the length of recent tasks unless told otherwise. */
  readonly prefetch?: Foresight | undefined;
  /** Leaves when it has held nothing for so long. */
  readonly idleExitMs?: number | undefined;
  /** Takes the bodies of messages on its STDIN, before the queue's own program. */
  readonly program?: readonly string[] | undefined;
  /** What runs named handlers; absent: it has none. */
  readonly handlers?: Handlers | undefined;
  /** What programs find in their environment besides a task's own; asked for each, since credentials change. */
  readonly baseEnv: () => Readonly<Record<string, string>>;
  /** Takes secrets out of what is stored of a program's output. */
  readonly redactor: Redactor;
  /** Told when the first program starts, and when the last has ended. */
  readonly onBusy?: ((isBusy: boolean) => void) | undefined;
  /** Between SIGTERM and SIGKILL, and what running programs are given after the first signal. */
  readonly graceMs: number;
  /** The longest receive. */
  readonly pollSeconds: number;
  /** How often in a row the queue must be seen empty: SQS's counts lag, an emulator's do not. */
  readonly emptyChecks: number;
  /** Aborted by the first signal: receives nothing more, lets programs finish, hands back the rest. */
  readonly stop: AbortSignal;
  /** Aborted by the second: hands back at once. */
  readonly force: AbortSignal;
  /** Never goes back, in ms: leases are judged by it. */
  readonly monotonic: () => number;
}
