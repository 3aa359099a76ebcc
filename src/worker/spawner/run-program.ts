import { once } from 'node:events';
import type { Socket } from 'node:net';
import { OutputCapture, type Forward } from './capture-output.ts';
import { describeSpawnError } from './describe-spawn-error.ts';
import { findGroups } from './find-groups.ts';
import { launch, type Launched } from './launch.ts';
import { OutputTail } from './output-tail.ts';
import { ProcessGroup } from './process-group.ts';
import type { EndReport, ProgressReport, RunAs, SpawnerSettings, StartRequest } from './protocol.ts';
import { readProgress, readResult } from './read-report.ts';
import { removeRunFolder } from './remove-folder.ts';
import { toFolderName } from './run-folder.ts';
import type { Scratch } from './scratch.ts';

/** What a program leaves running in its group when it ends by itself has so long to end too. */
const LEFTOVER_GRACE_MS = 250;

/** Outputs that a process outside of the group holds open are read no longer than this. */
const REST_OF_OUTPUT_MS = 200;

/** What a run needs of the spawner. */
export interface RunHost {
  scratch: Scratch;
  settings: SpawnerSettings;
  onStarted(pid: number): void;
  forward(stream: 'stdout' | 'stderr'): Forward | undefined;
}

/** A program in the spawner's hands. */
export interface RunningProgram {
  /** Resolves when no process of its group lives; never rejects. */
  readonly ended: Promise<EndReport>;
  /** Resolves when its folder is gone as well; never rejects. */
  readonly tidied: Promise<void>;
  kill(graceMs: number): void;
  progress(): ProgressReport | undefined;
}

/** Starts a program and sees it through: output, end, the group's leftovers, result. */
export function runProgram(
  start: StartRequest,
  sequence: number,
  host: RunHost,
  channel?: Socket,
): RunningProgram {
  const { scratch } = host;
  const startedAt = performance.now();
  let launched: Launched;
  try {
    const folderName = toFolderName(sequence, start.runId);
    launched = scratch.retrying(() => launch(scratch, folderName, start, channel));
  } catch (error) {
    return neverStarted(toSpawnError(start, error, startedAt));
  }
  const { child, folder, stdout, stderr } = launched;
  const { tailBytes, resultBytes, runAs } = host.settings;
  const outputs = [
    new OutputCapture(stdout.readFd, new OutputTail(tailBytes), host.forward('stdout')),
    new OutputCapture(stderr.readFd, new OutputTail(tailBytes), host.forward('stderr')),
  ] as const;
  const group = child.pid === undefined ? undefined : new ProcessGroup(child.pid);
  let killed = false;

  const ended = (async (): Promise<EndReport> => {
    if (!group) {
      const [error] = (await once(child, 'error')) as [Error];
      await Promise.all(outputs.map((output) => output.closed));
      return toSpawnError(start, error, startedAt);
    }
    host.onStarted(group.pgid);
    const [exitCode, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    const durationMs = performance.now() - startedAt;
    // A killed program's children keep the grace that it was given: their shell ends before they do.
    if (!group.isTerminating) group.terminate(LEFTOVER_GRACE_MS);
    await group.gone;
    // Handlers leave no process behind, however their own ended; a program may leave a daemon when it ends by itself.
    if (killed || channel) await endEscaped(folder.path, runAs);
    await readRest(outputs);
    return {
      ...(exitCode === null ? { signal: signal ?? 'unknown' } : { exitCode }),
      stdout: outputs[0].tail,
      stderr: outputs[1].tail,
      ...readResult(folder.result, resultBytes, runAs?.uid),
      durationMs,
    };
  })();

  return {
    ended,
    tidied: ended.then(async () => {
      scratch.pipes.giveBack(stdout.path, outputs[0].ended);
      scratch.pipes.giveBack(stderr.path, outputs[1].ended);
      await removeRunFolder(folder, runAs).catch((error: unknown) => {
        process.stderr.write(`millrace spawner: ${folder.path} could not be removed: ${String(error)}\n`);
      });
    }),
    kill: (graceMs) => {
      killed = true;
      group?.terminate(graceMs);
    },
    progress: () => readProgress(folder.progress, runAs?.uid),
  };
}

/** Kills what left its program's group, as far as it can be found. */
async function endEscaped(folder: string, owner: RunAs | undefined): Promise<void> {
  const groups = findGroups(folder, owner).map((pgid) => new ProcessGroup(pgid));
  for (const group of groups) group.terminate(0);
  await Promise.all(groups.map((group) => group.gone));
}

async function readRest(outputs: readonly OutputCapture[]): Promise<void> {
  for (const output of outputs) output.readRest();
  const timer = setTimeout(() => {
    // Timers come before reading in Node's loop: after a long pause, what is there must be read first.
    setImmediate(() => outputs.forEach((output) => output.stop()));
  }, REST_OF_OUTPUT_MS);
  await Promise.all(outputs.map((output) => output.closed));
  clearTimeout(timer);
}

/** The end of a program that could not be started. */
export function toSpawnError(start: StartRequest, error: unknown, startedAt: number): EndReport {
  return {
    spawnError: describeSpawnError(start.program, error),
    stdout: '',
    stderr: '',
    durationMs: performance.now() - startedAt,
  };
}

/** A run of a program that could not be started. */
export function neverStarted(report: EndReport): RunningProgram {
  return {
    ended: Promise.resolve(report),
    tidied: Promise.resolve(),
    kill: () => {},
    progress: () => undefined,
  };
}
