import { Socket } from 'node:net';
import type { Forward } from './capture-output.ts';
import { closeInherited } from './close-inherited.ts';
import { FrameReader, toFrame, type Frame } from './frames.ts';
import { Report, Request, type KillRequest, type SpawnerSettings, type StartRequest } from './protocol.ts';
import { removeRoot } from './remove-folder.ts';
import { runConnected } from './run-connected.ts';
import { runProgram, type RunHost, type RunningProgram } from './run-program.ts';
import { Scratch } from './scratch.ts';
import { startGuardian } from './start-guardian.ts';

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
let closing = false;

// Only the worker's end of the pipe ends a spawner: it has programs to kill first.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
process.on('uncaughtException', (error) => {
  process.stderr.write(`millrace spawner: ${error.stack ?? error.message}\n`);
  void close(1);
});

worker.on('data', (piece: Buffer) => {
  reader.push(piece);
  for (let frame = reader.next(); frame; frame = reader.next()) handle(frame);
});
worker.on('end', () => void close(0));
worker.on('close', () => void close(0));
worker.on('error', () => {}); // the worker died while something was written to it: `close` follows
worker.setMaxListeners(0); // each output that waits for `drain` is one
worker.write(toFrame(Report.ready, 0));

function handle({ kind, run, body }: Frame): void {
  if (kind === Request.start) start(run, JSON.parse(body.toString()) as StartRequest);
  else if (kind === Request.kill) runs.get(run)?.kill((JSON.parse(body.toString()) as KillRequest).graceMs);
  else if (kind === Request.progress) {
    const progress = runs.get(run)?.progress();
    worker.write(toFrame(Report.progress, run, progress && JSON.stringify(progress)));
  }
}

function start(run: number, request: StartRequest): void {
  const host: RunHost = {
    scratch,
    settings,
    onStarted: (pid) => worker.write(toFrame(Report.started, run, JSON.stringify({ pid }))),
    forward: (stream) => (request.forwardOutput ? forwardTo(Report[stream], run) : undefined),
  };
  const program =
    request.channel === undefined
      ? runProgram(request, run, host)
      : runConnected(request, request.channel, run, host);
  runs.set(run, program);
  const ended = program.ended.then((end) => {
    runs.delete(run);
    worker.write(toFrame(Report.end, run, JSON.stringify(end)));
    return program.tidied;
  });
  tidying.add(ended);
  void ended.finally(() => tidying.delete(ended));
}

/** While the worker does not keep up, its programs' outputs are not read, and they wait in their writes. */
function forwardTo(kind: number, run: number): Forward {
  return (piece, resume) => {
    const goOn = worker.write(toFrame(kind, run, piece));
    if (!goOn && !worker.destroyed) worker.once('drain', resume);
    return goOn || worker.destroyed;
  };
}

/** The worker is gone, or done with us: kills every group, removes every folder, exits. */
async function close(exitCode: number): Promise<void> {
  if (closing) return;
  closing = true;
  for (const program of runs.values()) program.kill(settings.orphanGraceMs);
  await Promise.all([...runs.values()].map((program) => program.ended));
  setTimeout(() => process.exit(exitCode), REMOVE_MS).unref();
  await Promise.all(tidying);
  await removeRoot(settings.root, settings.runAs).catch(() => {}); // what stays was reported by its run
  guardian.kill('SIGKILL');
  worker.end(() => process.exit(exitCode));
  if (worker.destroyed) process.exit(exitCode);
}
