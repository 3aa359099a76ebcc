import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { pino } from 'pino';
import { makeAwsPorts } from '../aws/make-aws-ports.ts';
import { openServices } from '../aws/open-services.ts';
import { usesStatements } from '../aws/statements.ts';
import { unknownQueue } from '../core/errors.ts';
import { defaultHandlerMemoryMiB } from '../worker/handlers/host-memory.ts';
import { startHandlers } from '../worker/handlers/start-handlers.ts';
import { LINES_LOST, LogStream } from '../worker/log-stream.ts';
import { allowedEnv } from '../worker/program-env.ts';
import { NOTHING_SECRET } from '../worker/redactor.ts';
import { OUTPUT_LIMITS, runSession } from '../worker/run-session.ts';
import type { ProgramRunner } from '../worker/spawner/program-runner.ts';
import { startSpawner } from '../worker/spawner/start-spawner.ts';
import { buildStarter } from '../worker/spawner/starter/find-starter.ts';
import type { WorkerMode } from '../worker/worker-settings.ts';
import type { CliContext } from './context.ts';
import { findAwsTarget } from './find-aws-target.ts';
import { findTasksDir } from './find-tasks-dir.ts';
import { logLevelOf } from './log-level.ts';
import { makePaint } from './output/paint.ts';
import { printJson } from './output/print-json.ts';
import { toWorkerLine } from './output/worker-line.ts';
import { twoStageSignals } from '../worker/two-stage-signals.ts';

interface WorkerProcessOptions {
  readonly queue: string;
  /** A deployed one. */
  readonly stack: string | undefined;
  readonly mode: WorkerMode;
  readonly slots: number | undefined;
  readonly idleExitMs: number | undefined;
  readonly program: readonly string[] | undefined;
  /** Folder of the handlers. */
  readonly tasks: string | undefined;
  readonly handlerMemoryMiB: number | undefined;
  readonly graceMs: number | undefined;
  readonly json: boolean;
}

const LOCAL_GRACE_MS = 10_000;
const DEFAULT_SLOTS = 8;

/** Makes a worker of this process, and runs it to its end. @returns the exit code */
export async function runWorkerProcess(context: CliContext, options: WorkerProcessOptions): Promise<number> {
  const { queue, mode } = options;
  const target = await findAwsTarget(options.stack, context);
  const worker = `${hostname().slice(0, 24)}-${process.pid}-${Math.random().toString(36).slice(2, 8)}`;
  const logStream = openLog(context, options.json, (lines) => log.warn({ lines }, LINES_LOST));
  const log = pino({ level: logLevelOf(context.env, 'info'), base: { worker, queue } }, logStream);
  const services = await openServices(target.aws);
  const scratchDir = await mkdtemp(join(tmpdir(), 'millrace-worker-')); // 0700, and so are the sockets in it
  let runner: ProgramRunner | undefined;
  try {
    const ports = makeAwsPorts(services, target.tableName, log, {
      ...target.names,
      inStatements: usesStatements(context.env),
    });
    const definition = await ports.catalog.find(queue);
    if (!definition)
      throw unknownQueue(
        queue,
        (await ports.catalog.list()).map(({ name }) => name),
      );
    const graceMs = options.graceMs ?? (target.isEmulated ? LOCAL_GRACE_MS : definition.graceSeconds * 1000);
    const signals = twoStageSignals((signal, stage) =>
      log.info(
        stage === 1
          ? `stopping on ${signal}: running tasks get ${graceMs / 1000} s, or until the next signal`
          : `stopping at once on ${signal}`,
      ),
    );
    const baseEnv = allowedEnv(context.env);
    const slots = options.slots ?? definition.slots ?? DEFAULT_SLOTS;
    runner = await startSpawner({
      scratchDir,
      scratchGoes: true,
      ...OUTPUT_LIMITS,
      starter: await buildStarter(context.env['MILLRACE_STARTER']),
      log: (message) => log.info(message),
    });
    // A queue with a program has no other tasks.
    const callsHandlers = (options.program ?? definition.program) === undefined;
    const { exitCode, ...result } = await runSession({
      ports,
      calls: services.calls,
      definition,
      runner,
      handlers: callsHandlers
        ? await startHandlers({
            runner,
            tasksDir: findTasksDir(options.tasks, context),
            slots,
            memoryMiB:
              options.handlerMemoryMiB ?? definition.handlerMemoryMiB ?? defaultHandlerMemoryMiB(slots),
            env: () => baseEnv,
            channelDir: await makeChannelDir(scratchDir),
            log,
          })
        : undefined,
      worker,
      mode,
      slots,
      idleExitMs: options.idleExitMs,
      program: options.program,
      baseEnv: () => baseEnv,
      redactor: NOTHING_SECRET,
      graceMs,
      isEmulated: target.isEmulated,
      signals,
    });
    if (options.json) printJson(context, { worker, queue, ...result });
    return exitCode;
  } finally {
    await runner?.close(); // also when it came to no session
    services.close();
    logStream.flushSync?.();
    await rm(scratchDir, { recursive: true, force: true });
  }
}

async function makeChannelDir(scratchDir: string): Promise<string> {
  const folder = join(scratchDir, 'channels');
  await mkdir(folder, { mode: 0o700 });
  return folder;
}

/** On a terminal lines for a person, elsewhere a JSON line an event. */
function openLog(
  context: CliContext,
  json: boolean,
  onLost: (lines: number) => void,
): { write(line: string): void; flushSync?(): void } {
  if (json || !context.stdout.isTTY) return new LogStream(json ? 2 : 1, onLost);
  const paint = makePaint(context.stdout);
  return {
    write: (line) => {
      const shown = toWorkerLine(line.trimEnd(), paint, true);
      if (shown !== undefined) context.stdout.write(`${shown}\n`);
    },
  };
}
