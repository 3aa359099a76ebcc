import { chownSync, mkdirSync, mkdtempSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { pino } from 'pino';
import { makeAwsClients, targetFromEnv } from '../src/aws/aws-clients.ts';
import { makeEnvCatalog } from '../src/aws/env-catalog.ts';
import { makeAwsPorts } from '../src/aws/make-aws-ports.ts';
import { usesStatements } from '../src/aws/statements.ts';
import {
  makeStsClient,
  startProgramCredentials,
  type ProgramCredentials,
} from '../src/aws/program-credentials.ts';
import { unknownQueue } from '../src/core/errors.ts';
import { defaultHandlerMemoryMiB, machineMemoryMiB } from '../src/worker/handlers/host-memory.ts';
import { startHandlers } from '../src/worker/handlers/start-handlers.ts';
import { LINES_LOST, LogStream } from '../src/worker/log-stream.ts';
import { makeRedactor } from '../src/worker/redactor.ts';
import { OUTPUT_LIMITS, runSession } from '../src/worker/run-session.ts';
import { startScaleInProtection } from '../src/worker/scale-in-protection.ts';
import { startSpawner } from '../src/worker/spawner/start-spawner.ts';
import { findStarter } from '../src/worker/spawner/starter/find-starter.ts';
import { twoStageSignals } from '../src/worker/two-stage-signals.ts';
import { parseSettings, slotsOf, workerName, type Env } from './parse-settings.ts';
import { programEnvironment, secretFaults, secretsOf } from './program-environment.ts';
import { becomeSupervisor, isRoot, PROGRAMS, SUPERVISOR } from './users.ts';

const SPAWNER_DIED = 70;
const TASKS = join(import.meta.dirname, 'tasks');

/** Makes a worker of this container, and runs it to its end. @returns the exit code */
export async function runContainerWorker(argv: readonly string[], env: Env): Promise<number> {
  const settings = parseSettings(argv, env);
  const { queue, mode, idleExitMs } = settings;
  const definition = await makeEnvCatalog(env['MILLRACE_QUEUES']).find(queue);
  if (!definition) throw unknownQueue(queue, []);
  const worker = workerName(env, `${hostname().slice(0, 24)}-${Math.random().toString(36).slice(2, 8)}`);
  const redactor = makeRedactor(secretsOf(definition, env));
  const out = new LogStream(1, (lines) => log.warn({ lines }, LINES_LOST));
  const log = pino(
    { level: env['MILLRACE_LOG_LEVEL'] ?? 'info', base: { worker, queue } },
    { write: (line: string) => void out.write(redactor.text(line)) },
  );
  const signals = twoStageSignals((signal, stage) =>
    log.info(
      stage === 1 ? `stopping on ${signal}: running tasks get their grace` : `stopping at once on ${signal}`,
    ),
  );

  const asRoot = isRoot();
  const scratchDir = env['MILLRACE_SCRATCH'] || '/scratch';
  const channelDir = makeChannelDir(scratchDir, asRoot);
  const runner = await startSpawner({
    scratchDir,
    ...OUTPUT_LIMITS,
    ...(asRoot && { runAs: PROGRAMS }),
    starter: findStarter(env['MILLRACE_STARTER']),
    log: (message) => log.info(message),
    onDeath: () => {
      // Its programs may live on, and are another user's: only the end of the container ends them for certain.
      log.error('the process that runs the programs died; this container ends, and its programs with it');
      out.flushSync();
      process.exit(SPAWNER_DIED);
    },
  });
  if (asRoot) becomeSupervisor();
  else
    log.warn(
      'not started as root: programs run as the same user as this worker, and could read its environment',
    );

  const { missing, short } = secretFaults(definition, env);
  if (missing.length > 0)
    log.error({ missing }, 'secrets of the queue are not in the environment of this container');
  if (short.length > 0) log.warn({ short }, 'secrets so short are not kept out of results and logs');
  const clients = makeAwsClients(targetFromEnv(env));
  const protection =
    mode === 'forever' && env['ECS_AGENT_URI']
      ? startScaleInProtection({ agentUri: env['ECS_AGENT_URI'], log, fetch })
      : undefined;
  let credentials: ProgramCredentials | undefined;
  const lost = new AbortController();
  try {
    if (definition.programRoleArn !== undefined) {
      credentials = await startProgramCredentials(makeStsClient(), {
        roleArn: definition.programRoleArn,
        worker,
        region: env['AWS_REGION'],
        log,
        onLost: () => lost.abort(),
      });
    }
    const own = programEnvironment(definition, env);
    const baseEnv = () => ({ ...own, ...credentials?.env() });
    const slots = slotsOf(settings, definition);
    const { exitCode } = await runSession({
      ports: makeAwsPorts(clients, env['MILLRACE_TABLE'] ?? '', log, {
        catalog: makeEnvCatalog(env['MILLRACE_QUEUES']),
        queuePrefix: env['MILLRACE_QUEUE_PREFIX'],
        inStatements: usesStatements(env),
      }),
      calls: clients.calls,
      definition,
      runner,
      handlers:
        definition.program === undefined // a queue with a program has no other tasks
          ? await startHandlers({
              runner,
              tasksDir: env['MILLRACE_TASKS'] || TASKS,
              slots,
              memoryMiB: definition.handlerMemoryMiB ?? handlerShareMiB(slots, definition.memoryMiB),
              env: baseEnv,
              channelDir,
              log,
            })
          : undefined,
      worker,
      mode,
      slots,
      idleExitMs,
      baseEnv,
      redactor,
      onBusy: (isBusy) => protection?.setBusy(isBusy),
      graceMs: definition.graceSeconds * 1000,
      isEmulated: targetFromEnv(env).sqs !== undefined,
      signals: { ...signals, stop: AbortSignal.any([signals.stop, lost.signal]) },
    });
    return lost.signal.aborted ? 1 : exitCode;
  } finally {
    await runner.close(); // also when it came to no session: programs and spawner never outlive this
    credentials?.close();
    protection?.close();
    clients.close();
    out.flushSync();
  }
}

/** Made before root is given up: where the handlers' processes meet the supervisor, and nobody else may enter. */
function makeChannelDir(scratchDir: string, asRoot: boolean): string {
  mkdirSync(scratchDir, { recursive: true });
  const folder = mkdtempSync(join(scratchDir, 'channels-')); // 0700
  if (asRoot) chownSync(folder, SUPERVISOR.uid, SUPERVISOR.gid);
  return folder;
}

/** Of what its task is given: a container of a larger machine may not be told of that by its kernel. */
function handlerShareMiB(slots: number, memoryMiB: number): number {
  return defaultHandlerMemoryMiB(slots, Math.min(memoryMiB, machineMemoryMiB()));
}
