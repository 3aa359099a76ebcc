import { mkdtemp, rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { pino, destination } from 'pino';
import { makeAwsClients } from '../aws/aws-clients.ts';
import { makeAwsPorts } from '../aws/make-aws-ports.ts';
import { unknownQueue } from '../core/errors.ts';
import { MAX_TAIL_BYTES, MAX_RESULT_BYTES, MAX_WAIT_SECONDS, settleGraceMs } from '../core/limits.ts';
import { Settler } from '../core/settle.ts';
import { allowedEnv } from '../worker/program-env.ts';
import { runWorker } from '../worker/run-worker.ts';
import { startSpawner } from '../worker/spawner/start-spawner.ts';
import type { WorkerMode } from '../worker/worker-settings.ts';
import type { CliContext } from './context.ts';
import { findAwsTarget } from './find-aws-target.ts';
import { printJson } from './output/print-json.ts';
import { twoStageSignals } from './two-stage-signals.ts';

interface WorkerProcessOptions {
  readonly queue: string;
  /** A deployed one. */
  readonly stack: string | undefined;
  readonly mode: WorkerMode;
  readonly slots: number | undefined;
  readonly idleExitMs: number | undefined;
  readonly program: readonly string[] | undefined;
  readonly graceMs: number | undefined;
  readonly json: boolean;
}

const LOCAL_GRACE_MS = 10_000;
const DEFAULT_SLOTS = 8;
const EMPTY_CHECKS = 3; // AWS's counts lag behind; an emulator's do not

/** Makes a worker of this process, and runs it to its end. @returns the exit code */
export async function runWorkerProcess(context: CliContext, options: WorkerProcessOptions): Promise<number> {
  const { queue, mode } = options;
  const target = await findAwsTarget(options.stack, context);
  const worker = `${hostname().slice(0, 24)}-${process.pid}-${Math.random().toString(36).slice(2, 8)}`;
  // Not line by line: a program that prints much must not wait for a write each.
  const logStream = destination({ fd: options.json ? 2 : 1, sync: false });
  const log = pino(
    { level: context.env['MILLRACE_LOG_LEVEL'] ?? 'info', base: { worker, queue } },
    logStream,
  );
  const clients = makeAwsClients(target.aws);
  const scratchDir = await mkdtemp(join(tmpdir(), 'millrace-worker-'));
  try {
    const ports = makeAwsPorts(clients, target.tableName, log, target.names);
    const definition = await ports.catalog.find(queue);
    if (!definition)
      throw unknownQueue(
        queue,
        (await ports.catalog.list()).map(({ name }) => name),
      );
    const signals = twoStageSignals((signal, stage) =>
      log.info(
        stage === 1
          ? `stopping on ${signal}: running tasks get their grace`
          : `stopping at once on ${signal}`,
      ),
    );
    const runner = await startSpawner({
      scratchDir,
      tailBytes: MAX_TAIL_BYTES,
      resultBytes: MAX_RESULT_BYTES,
    });
    const slots = options.slots ?? definition.slots ?? DEFAULT_SLOTS;
    log.info({ mode, slots }, 'worker started');
    try {
      const result = await runWorker({
        ports,
        definition,
        settler: new Settler(ports, queue, settleGraceMs(definition.leaseSeconds * 1000)),
        runner,
        worker,
        mode,
        slots,
        idleExitMs: options.idleExitMs,
        program: options.program,
        baseEnv: allowedEnv(context.env),
        graceMs: options.graceMs ?? (target.isEmulated ? LOCAL_GRACE_MS : definition.graceSeconds * 1000),
        pollSeconds: MAX_WAIT_SECONDS,
        emptyChecks: target.isEmulated ? 1 : EMPTY_CHECKS,
        stop: signals.stop,
        force: signals.force,
        monotonic: () => performance.now(),
      });
      log.info({ why: result.why, ran: result.ran }, 'worker ended');
      if (options.json) printJson(context, { worker, queue, ...result });
      return signals.forcedExitCode() ?? (result.why === 'none' ? 3 : 0);
    } finally {
      await runner.close();
    }
  } finally {
    clients.close();
    logStream.flushSync();
    await rm(scratchDir, { recursive: true, force: true });
  }
}
