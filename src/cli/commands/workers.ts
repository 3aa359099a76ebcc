import { Option, type Command } from 'commander';
import type { WorkersAnswer } from '../../client/millrace-client.ts';
import { MAX_LAUNCH_COUNT } from '../../core/limits.ts';
import { withHelp } from '../command-help.ts';
import type { CliContext } from '../context.ts';
import { openSession, withTargetOptions, type TargetOptions } from '../open-session.ts';
import { printJson } from '../output/print-json.ts';
import { toOneLine } from '../output/safe-text.ts';
import { numberBetween } from '../parse-options.ts';

interface WorkersOptions extends TargetOptions {
  readonly count: number;
  readonly forever?: boolean;
}

/** `millrace workers QUEUE --count N` */
export function registerWorkers(program: Command, context: CliContext): void {
  const command = program
    .command('workers')
    .description('start workers of a deployed stack now, beside those that it starts by itself')
    .argument('<queue>')
    .requiredOption('--count <n>', 'how many', numberBetween(1, MAX_LAUNCH_COUNT, true))
    .addOption(new Option('--until-empty', 'they end when the queue is empty (default)').conflicts('forever'))
    .option('--forever', 'they run until they are stopped');
  withHelp(
    withTargetOptions(command),
    ['millrace workers default --count 20', 'millrace workers default --count 2 --forever --stack Millrace'],
    {
      0: 'all are starting; it takes them about a minute',
      1: 'fewer are starting; stderr says why',
      2: 'wrong usage, or a local stack: there `millrace work` makes a worker of a terminal',
    },
  ).action(async (queue: string, { count, forever, ...options }: WorkersOptions) => {
    const session = await openSession(context, options);
    const answer = await session.client.startWorkers(queue, {
      count,
      mode: forever ? 'forever' : 'until-empty',
    });
    if (session.json) printJson(context, answer);
    else context.stdout.write(`${answer.started} of ${count} workers are starting for ${queue}.\n`);
    tellFailures(context, answer);
    if (answer.started < count) context.setExitCode(1);
  });
}

/** The same reason of many workers once. */
function tellFailures(context: CliContext, { failures }: WorkersAnswer): void {
  for (const reason of new Set(failures.map((failure) => failure.reason))) {
    context.stderr.write(`not started: ${toOneLine(reason)}\n`);
  }
}
