import { join, resolve } from 'node:path';
import { once } from 'node:events';
import { destination, pino } from 'pino';
import { MillraceClient } from '../client/millrace-client.ts';
import { MillraceError } from '../core/errors.ts';
import { startStack, type RunningStack } from '../local/start-stack.ts';
import { findDataDir, isAlive, readStackFile } from '../local/stack-file.ts';
import { startWorkerChildren } from '../local/worker-children.ts';
import type { CliContext } from './context.ts';
import { runDemo } from './demo.ts';
import { logLevelOf } from './log-level.ts';
import { toWorkerLine } from './output/worker-line.ts';
import { makePaint } from './output/paint.ts';
import { twoStageSignals } from '../worker/two-stage-signals.ts';

/** As `millrace local` is given them. */
export interface LocalOptions {
  readonly port?: number;
  readonly sqsPort?: number;
  readonly dynamodbPort?: number;
  readonly data?: string;
  readonly memory?: boolean;
  readonly workers: number;
  readonly slots: number;
  readonly tasks?: string;
  readonly demo?: boolean;
  readonly json?: boolean;
}

/** Runs a local stack until it is told to stop. @returns the exit code */
export async function runLocalStack(context: CliContext, options: LocalOptions): Promise<number> {
  const dataDir = options.data ? resolve(context.cwd, options.data) : ownDataDir(context);
  await refuseSecond(dataDir);
  const signals = twoStageSignals((signal, stage) => {
    if (!options.json)
      context.stderr.write(stage === 1 ? `\nStopping on ${signal}…\n` : 'Stopping at once.\n');
  });
  const stopped = once(signals.stop, 'abort');
  const log = pino({ level: logLevelOf(context.env, 'warn') }, destination({ fd: 2, sync: true }));
  const running = await startStack({
    dataDir,
    memory: options.memory === true,
    ports: { api: options.port, sqs: options.sqsPort, dynamodb: options.dynamodbPort },
    version: context.version,
    log,
  }).catch((error: unknown) => {
    throw new MillraceError('wrong_state', error instanceof Error ? error.message : String(error), {
      hint: 'Nothing was left running.',
      cause: error,
    });
  });
  const client = new MillraceClient(running.stack.api, { signal: signals.stop });
  const paint = makePaint(context.stdout);
  const told = new Set<string>();
  const workers = startWorkerChildren({
    commandLine: context.commandLine,
    dataDir,
    slots: options.slots,
    tasksDir: options.tasks === undefined ? undefined : resolve(context.cwd, options.tasks),
    workersPerQueue: options.workers,
    force: signals.force,
    queues: async () => (await client.queues()).map(({ queue }) => queue),
    onLog: options.json
      ? undefined
      : (line) => {
          const shown = toWorkerLine(line, paint);
          if (shown === undefined || told.has(shown)) return;
          // Every worker of every queue has the same handlers.
          if (line.includes('"handlers":')) told.add(shown);
          context.stdout.write(`${shown}\n`);
        },
  });
  try {
    announce(context, options, running, dataDir);
    if (options.demo && !options.json) {
      await runDemo(context, client, signals.stop).catch((error: unknown) => {
        if (!signals.stop.aborted) throw error; // it was left because the stack is to stop
      });
    }
    await stopped;
  } finally {
    await workers.close();
    await running.close();
  }
  if (!options.json) context.stderr.write('Stopped.\n');
  return signals.forcedExitCode() ?? 0;
}

/** The folder for a stack of this place: the nearest one above is for finding a stack, not for starting another. */
function ownDataDir(context: CliContext): string {
  return context.env['MILLRACE_DATA']
    ? findDataDir(context.cwd, context.env)
    : join(context.cwd, '.millrace');
}

async function refuseSecond(dataDir: string): Promise<void> {
  const stack = await readStackFile(dataDir).catch(() => undefined);
  if (!stack || !(await isAlive(stack))) return;
  throw new MillraceError('wrong_state', `A stack is already running for ${dataDir}.`, {
    expected: 'a folder whose stack is not running',
    got: `process ${stack.pid}, since ${stack.startedAt}, API ${stack.api}`,
    hint: `Use it, stop it (kill ${stack.pid}), or start another one in a folder of its own: millrace local --data DIR`,
  });
}

function announce(context: CliContext, options: LocalOptions, running: RunningStack, dataDir: string): void {
  const { stack, queueUrls } = running;
  if (options.json) {
    const { api, sqs, dynamodb } = stack;
    const data = options.memory ? null : dataDir;
    context.stdout.write(`${JSON.stringify({ ready: true, api, sqs, dynamodb, queues: queueUrls, data })}\n`);
    return;
  }
  const kept = options.memory ? 'in memory, gone when it stops' : dataDir;
  context.stdout.write(
    [
      'Millrace is ready. Its API, with the key to it:',
      '',
      `  ${stack.api}`,
      '',
      `  SQS       ${stack.sqs}`,
      `  DynamoDB  ${stack.dynamodb}`,
      ...Object.entries(queueUrls).map(([name, url]) => `  queue     ${name}  ${url}`),
      `  data      ${kept}`,
      options.workers === 0
        ? '  workers   none here; `npx millrace work QUEUE forever` is one'
        : `  workers   ${options.workers} a queue, ${options.slots} slots each`,
      '',
      options.memory
        ? 'Ctrl-C stops it.'
        : 'Ctrl-C stops it; what is queued is there again at the next start.',
      '',
      '',
    ].join('\n'),
  );
}
