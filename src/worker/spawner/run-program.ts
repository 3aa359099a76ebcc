import type { Socket } from 'node:net';
import { OutputCapture, type Forward } from './capture-output.ts';
import { describeSpawnError } from './describe-spawn-error.ts';
import { findGroups } from './find-groups.ts';
import type { Launched, LeaderEnd } from './launched.ts';
import { OutputTail } from './output-tail.ts';
import { ProcessGroup } from './process-group.ts';
import type { EndReport, ProgressReport, RunAs, SpawnerSettings, StartRequest } from './protocol.ts';
import { readProgress, readResult } from './read-report.ts';
import { toFolderName } from './run-folder.ts';

/** What a program leaves running in its group when it ends by itself has so long to end too. */
const LEFTOVER_GRACE_MS = 250;

/** Outputs that a process outside of the group holds open are read no longer than this. */
const REST_OF_OUTPUT_MS = 200;

/** What a run needs of the spawner. */
export interface RunHost {
  settings: SpawnerSettings;
  /** Starts the program's process. @throws what the file system says, and for what no process can be given */
  launch(folderName: string, start: StartRequest, channel?: Socket): Launched;
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
  const startedAt = performance.now();
  let launched: Launched;
  try {
    launched = host.launch(toFolderName(sequence, start.runId), start, channel);
  } catch (error) {
    return neverStarted(toSpawnError(start, error, startedAt));
  }
  const { folder } = launched;
  const { tailBytes, resultBytes, runAs } = host.settings;
  const outputs = [
    new OutputCapture(launched.stdout, new OutputTail(tailBytes), host.forward('stdout')),
    new OutputCapture(launched.stderr, new OutputTail(tailBytes), host.forward('stderr')),
  ] as const;
  let group: ProcessGroup | undefined;
  let killMs: number | undefined;

  const ended = (async (): Promise<EndReport> => {
    let end: LeaderEnd;
    try {
      const { pid, leader } = await launched.started;
      group = new ProcessGroup(pid, leader);
      if (killMs !== undefined) group.terminate(killMs);
      host.onStarted(pid);
      end = await launched.ended;
    } catch (error) {
      group?.end();
      await Promise.all(outputs.map((output) => output.closed));
      return toSpawnError(start, error, startedAt);
    }
    const { exitCode, signal, groupIsGone, wasTerminated, hasNoResult } = end;
    const durationMs = performance.now() - startedAt;
    if (groupIsGone) group.end();
    // A killed program's children keep the grace that it was given: their shell ends before they do.
    else if (!group.isTerminating) group.terminate(LEFTOVER_GRACE_MS);
    else if (wasTerminated === false) group.repeatTerm();
    await group.gone;
    // Handlers leave no process behind, however their own ended; a program may leave a daemon when it ends by itself.
    if (killMs !== undefined || channel) await endEscaped(folder.path, runAs);
    await readRest(outputs);
    return {
      ...(exitCode === null ? { signal: signal ?? 'unknown' } : { exitCode }),
      stdout: outputs[0].tail,
      stderr: outputs[1].tail,
      ...(hasNoResult ? {} : readResult(folder.result, resultBytes, runAs?.uid)),
      durationMs,
    };
  })();

  return {
    ended,
    tidied: ended.then(async () => {
      const [stdoutEnded, stderrEnded] = [outputs[0].ended, outputs[1].ended];
      await launched.tidy({ stdoutEnded, stderrEnded }).catch((error: unknown) => {
        process.stderr.write(`millrace spawner: ${folder.path} could not be removed: ${String(error)}\n`);
      });
    }),
    kill: (graceMs) => {
      killMs = Math.min(graceMs, killMs ?? graceMs);
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
  if (outputs.every((output) => output.isClosed)) return;
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
