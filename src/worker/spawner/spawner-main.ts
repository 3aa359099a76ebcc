import { rm } from 'node:fs/promises';
import { Socket } from 'node:net';
import { dirname } from 'node:path';
import type { Forward } from './capture-output.ts';
import { closeInherited } from './close-inherited.ts';
import { FrameWriter } from './frame-writer.ts';
import { FrameReader, type Frame } from './frames.ts';
import { launchByNode } from './launch-by-node.ts';
import type { Launched } from './launched.ts';
import {
  Report,
  Request,
  type KillRequest,
  type ReadyReport,
  type SpawnerSettings,
  type StartRequest,
} from './protocol.ts';
import { removeRoot } from './remove-folder.ts';
import { runConnected } from './run-connected.ts';
import { runProgram, type RunHost, type RunningProgram } from './run-program.ts';
import { Scratch } from './scratch.ts';
import { startGuardian } from './start-guardian.ts';
import { Starter } from './starter/starter.ts';

/** The worker's pipe: the only descriptor besides the standard ones; programs do not inherit it. */
const WORKER_FD = 3;

/** A spawner whose programs are gone waits no longer than this for the disk to let go of their folders. */
const REMOVE_MS = 10_000;

closeInherited();
const settings = JSON.parse(process.argv[2] ?? '{}') as SpawnerSettings;
const scratch = new Scratch(settings.root, settings.runAs);
const guardian = startGuardian(settings.root, settings.orphanGraceMs);
const runs = new Map<number, RunningProgram>();
const tidying = new Set<Promise<void>>();
const worker = new Socket({ fd: WORKER_FD, readable: true, writable: true, allowHalfOpen: true });
const reader = new FrameReader();
const out = new FrameWriter(worker);
let closing = false;

// Only the worker's end of the pipe ends a spawner: it has programs to kill first.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
process.on('uncaughtException', (error) => {
  process.stderr.write(`millrace spawner: ${error.stack ?? error.message}\n`);
  void close(1);
});

const starter = await openStarter();
worker.on('data', (piece: Buffer) => {
  reader.push(piece);
  for (let frame = reader.next(); frame; frame = reader.next()) handle(frame);
});
worker.on('end', () => void close(0));
worker.on('close', () => void close(0));
worker.on('error', () => {}); // the worker died while something was written to it: `close` follows
worker.setMaxListeners(0); // each output that waits for `drain` is one

/** The starter, if there is one that runs here; the worker is told. */
async function openStarter(): Promise<Starter | undefined> {
  const report = (ready: ReadyReport): void => void out.write(Report.ready, 0, JSON.stringify(ready));
  if (settings.starter === undefined) {
    report({});
    return undefined;
  }
  const opened = new Starter(settings.starter, scratch, settings);
  try {
    await opened.ready;
    report({ starterPid: opened.pid });
    void opened.died.then((how) => {
      if (opened.isClosing) return;
      // A worker that lives kills its programs, with their grace, as if the spawner itself had died.
      if (closing) opened.killOrphans();
      process.stderr.write(`millrace spawner: the starter ended (${how})\n`);
      process.kill(process.pid, 'SIGKILL');
    });
    return opened;
  } catch (error) {
    report({ starterError: (error as Error).message });
    return undefined;
  }
}

function handle({ kind, run, body }: Frame): void {
  if (kind === Request.start) start(run, JSON.parse(body.toString()) as StartRequest);
  else if (kind === Request.kill) runs.get(run)?.kill((JSON.parse(body.toString()) as KillRequest).graceMs);
  else if (kind === Request.progress) {
    const progress = runs.get(run)?.progress();
    out.write(Report.progress, run, progress && JSON.stringify(progress));
  }
}

function start(run: number, request: StartRequest): void {
  const host: RunHost = {
    settings,
    launch: (...args) => launch(run, ...args),
    onStarted: (pid) => out.write(Report.started, run, JSON.stringify({ pid })),
    forward: (stream) => (request.forwardOutput ? forwardTo(Report[stream], run) : undefined),
  };
  const program =
    request.channel === undefined
      ? runProgram(request, run, host)
      : runConnected(request, request.channel, run, host);
  runs.set(run, program);
  const ended = program.ended.then((end) => {
    runs.delete(run);
    out.write(Report.end, run, JSON.stringify(end));
    return program.tidied;
  });
  tidying.add(ended);
  void ended.finally(() => tidying.delete(ended));
}

/** Handlers are few, and their descriptor 3 is Node's to pass on. */
function launch(run: number, folderName: string, request: StartRequest, channel?: Socket): Launched {
  return starter && !channel
    ? starter.launch(run, folderName, request)
    : launchByNode(scratch, folderName, request, channel);
}

/** While the worker does not keep up, its programs' outputs are not read, and they wait in their writes. */
function forwardTo(kind: number, run: number): Forward {
  return (piece, resume) => {
    const goOn = out.write(kind, run, piece);
    if (!goOn && !worker.destroyed) worker.once('drain', resume);
    return goOn || worker.destroyed;
  };
}

/** The worker is gone, or done with us (0), or this process is broken: kills every group, removes every folder, exits. */
async function close(exitCode: number): Promise<void> {
  if (closing) return;
  closing = true;
  for (const program of runs.values()) program.kill(settings.orphanGraceMs);
  await Promise.all([...runs.values()].map((program) => program.ended));
  setTimeout(() => process.exit(exitCode), REMOVE_MS).unref();
  await Promise.all(tidying);
  await starter?.close();
  await removeRoot(settings.root, settings.runAs).catch(() => {}); // what stays was reported by its run
  if (settings.scratchGoes && exitCode === 0)
    await rm(dirname(settings.root), { recursive: true, force: true }).catch(() => {});
  guardian.kill('SIGKILL');
  out.end(() => process.exit(exitCode));
  if (worker.destroyed) process.exit(exitCode);
}
