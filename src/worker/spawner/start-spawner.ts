import { type ProgramEnd, type ProgramRun, type ProgramRunner, SpawnerDied } from './program-runner.ts';
import type { RunAs } from './protocol.ts';
import { SpawnerProcess } from './spawner-process.ts';
import { findStarter, type FoundStarter } from './starter/find-starter.ts';

export interface SpawnerOptions {
  /** Where the spawner makes its own folder, and in it one for each run; made if absent. */
  scratchDir: string;
  /** scratchDir is this worker's alone: it is removed when the worker has gone, also when it was killed. */
  scratchGoes?: boolean;
  /** The most bytes of STDOUT and of STDERR that are kept for the end. */
  tailBytes?: number;
  /** The largest MILLRACE_RESULT that is taken. */
  resultBytes?: number;
  /** What programs have between SIGTERM and SIGKILL when their worker or their spawner has died. */
  orphanGraceMs?: number;
  /** Another user to run programs as; the worker must be root then, and scratchDir passable for that user. */
  runAs?: RunAs;
  /** Called, should the spawner die, instead of starting another: for a worker that has given up the right to. */
  onDeath?: () => void;
  /** What makes the processes; looked for unless given. */
  starter?: FoundStarter;
  /** Is told once what makes them. */
  log?: (message: string) => void;
}

/** A spawner that is killed while it starts is started again so often: the worker needs one, and has lost nothing yet. */
const MAX_STARTS = 3;

/**
 * Starts the process that runs programs for this worker, and starts it again should it die.
 *
 * The small process beside the big one forks at a constant cost, and outlives it just long enough to kill
 * every program. The worker stays alive until `close` is called. @throws if it cannot be started
 */
export async function startSpawner({
  scratchDir,
  scratchGoes = false,
  tailBytes = 8192,
  resultBytes = 262_144,
  orphanGraceMs = 1000,
  runAs,
  onDeath,
  starter = findStarter(),
  log,
}: SpawnerOptions): Promise<ProgramRunner> {
  // The guardian's script looks for it line by line, and removes it.
  if (scratchDir.includes('\n')) throw new Error('expected a scratchDir without line breaks: choose another');
  let closed = false;
  const uncleared = new Set<SpawnerProcess>();
  const startOne = (): SpawnerProcess => {
    const spawner = new SpawnerProcess(scratchDir, {
      tailBytes,
      resultBytes,
      orphanGraceMs,
      scratchGoes,
      ...('path' in starter && { starter: starter.path }),
      ...(runAs && { runAs }),
    });
    uncleared.add(spawner);
    void spawner.died.then(() => {
      if (!closed) onDeath?.();
    });
    void spawner.cleared.then(() => uncleared.delete(spawner));
    return spawner;
  };

  let current = startOne();
  for (let starts = 1; ; starts += 1) {
    try {
      const { starterPid, starterError } = await current.ready;
      const why = 'why' in starter ? starter.why : `${starter.path} does not run here: ${starterError}`;
      log?.(
        starterPid ? 'programs are started by the native starter' : `programs are started by Node: ${why}`,
      );
      break;
    } catch (error) {
      // One that ends by itself would do so again: it cannot run here.
      if (onDeath || !current.wasKilled || starts === MAX_STARTS) throw error;
      current = startOne();
    }
  }

  return {
    get pid() {
      return current.pid;
    },
    run(start) {
      if (closed) return refusedRun(new SpawnerDied('the program runner was closed'));
      try {
        if (current.isDead && !onDeath) current = startOne();
        return current.run(start);
      } catch (error) {
        return refusedRun(new SpawnerDied('no spawner process could be started', { cause: error }));
      }
    },
    async close() {
      closed = true;
      if (!current.isDead) void current.close();
      await Promise.all([...uncleared].map((spawner) => spawner.cleared));
    },
  };
}

function refusedRun(death: SpawnerDied): ProgramRun {
  const done = Promise.reject<ProgramEnd>(death);
  done.catch(() => {}); // it may be awaited later
  return { started: Promise.resolve(), done, kill: () => {}, progress: () => Promise.resolve(undefined) };
}
