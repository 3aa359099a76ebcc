import { MAX_RESULT_BYTES, MAX_TAIL_BYTES, MAX_WAIT_SECONDS, settleGraceMs } from '../core/limits.ts';
import { Settler } from '../core/settle.ts';
import { boundHeap } from './bound-heap.ts';
import { groupChanges } from './group-changes.ts';
import { runWorker, type WorkerResult } from './run-worker.ts';
import type { SpawnerOptions } from './spawner/start-spawner.ts';
import type { TwoStageSignals } from './two-stage-signals.ts';
import type { WorkerSettings } from './worker-settings.ts';

/** What the programs of every worker may say at most. */
export const OUTPUT_LIMITS = {
  tailBytes: MAX_TAIL_BYTES,
  resultBytes: MAX_RESULT_BYTES,
} satisfies Partial<SpawnerOptions>;

type Given = Omit<WorkerSettings, 'settler' | 'pollSeconds' | 'emptyChecks' | 'stop' | 'force' | 'monotonic'>;

export interface Session extends Given {
  readonly signals: TwoStageSignals;
  /** Its counts are exact, and nobody pays by the request. */
  readonly isEmulated: boolean;
  /** What this process has asked of AWS, for the log. */
  readonly calls: object;
}

const EMPTY_CHECKS = 3; // AWS's counts lag behind; an emulator's do not
const NO_TASK = 3;

/** Makes a worker of this process, and runs it to its end; its spawner with it. @returns also the exit code */
export async function runSession(session: Session): Promise<WorkerResult & { exitCode: number }> {
  const { definition, mode, slots, runner, signals, isEmulated, calls, ...given } = session;
  const ports = { ...given.ports, tasks: groupChanges(given.ports.tasks) };
  boundHeap();
  ports.log.info({ mode, slots }, 'worker started');
  try {
    const result = await runWorker({
      ...given,
      ports,
      definition,
      mode,
      slots,
      runner,
      settler: new Settler(ports, definition.name, settleGraceMs(definition.leaseSeconds * 1000)),
      pollSeconds: MAX_WAIT_SECONDS,
      emptyChecks: isEmulated ? 1 : EMPTY_CHECKS,
      stop: signals.stop,
      force: signals.force,
      monotonic: () => performance.now(),
    });
    ports.log.info({ why: result.why, ran: result.ran, calls }, 'worker ended');
    return { ...result, exitCode: signals.forcedExitCode() ?? (result.why === 'none' ? NO_TASK : 0) };
  } finally {
    await given.handlers?.close();
    await runner.close();
  }
}
