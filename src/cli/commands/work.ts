import type { Command } from 'commander';
import { Argument } from 'commander';
import { withHelp } from '../command-help.ts';
import type { CliContext } from '../context.ts';
import { numberBetween, wordsAfterDashes } from '../parse-options.ts';
import type { WorkerMode } from '../../worker/worker-settings.ts';

interface WorkOptions {
  readonly slots?: number;
  readonly stack?: string;
  readonly idleExit?: number;
  readonly program?: string[];
  readonly tasks?: string;
  readonly handlerMemory?: number;
  readonly grace?: number;
  readonly json?: boolean;
}

/** `millrace work QUEUE MODE` */
export function registerWork(program: Command, context: CliContext): void {
  const command = program
    .command('work')
    .description('run the tasks of a queue')
    .argument('<queue>', 'its name')
    .addArgument(
      new Argument('<mode>', 'one task, all there are, or go on until stopped').choices([
        'once',
        'until-empty',
        'forever',
      ] satisfies WorkerMode[]),
    )
    .argument('[words...]', 'behind --: words of --program that start with a dash')
    .option(
      '--slots <n>',
      'programs that run at the same time (default: what the queue says, else 8)',
      numberBetween(1, 1000, true),
    )
    .option(
      '--stack <name>',
      'deployed stack whose tasks run on this machine (else MILLRACE_STACK, else the local stack)',
    )
    .option(
      '--idle-exit <seconds>',
      'leave when there was nothing to do for so long',
      numberBetween(0, 86_400, false),
    )
    .option('--program <word...>', 'a program that is given each raw message on its STDIN')
    .option(
      '--tasks <dir>',
      'folder of the named handlers (else MILLRACE_TASKS, ./tasks if it has any, else those that come along)',
    )
    .option(
      '--handler-memory <MiB>',
      'what a handler may use (default: its slot’s share of the machine, 1024 at most)',
      numberBetween(32, 1_000_000, true),
    )
    .option(
      '--grace <seconds>',
      'between SIGTERM and SIGKILL, and for what runs at the first signal',
      numberBetween(0, 3600, false),
    )
    .option('--json', 'print one JSON document at the end; the log goes to stderr');
  withHelp(
    command,
    [
      'millrace work default until-empty --slots 4',
      'millrace work mail forever --program /usr/local/bin/process-message /tmp',
      'millrace work default once --stack Millrace',
      'millrace work default forever --tasks ./handlers',
    ],
    {
      0: 'done: one task run, the queue empty, idle for long enough, or stopped by one signal',
      2: 'wrong usage, or a handler that cannot be loaded',
      3: 'once: there was no task',
      130: 'a second Ctrl-C: what ran was killed and handed back',
    },
  ).action(async (queue: string, mode: WorkerMode, words: string[], options: WorkOptions) => {
    const { runWorkerProcess } = await import('../worker-process.ts');
    const behindDashes = wordsAfterDashes(context.argv)?.length ?? 0;
    if (words.length !== behindDashes) command.error(`error: too many arguments: ${words.join(' ')}`);
    const own = [...(options.program ?? []), ...words];
    const code = await runWorkerProcess(context, {
      queue,
      mode,
      slots: options.slots,
      stack: options.stack,
      idleExitMs: options.idleExit === undefined ? undefined : options.idleExit * 1000,
      program: own.length > 0 ? own : undefined,
      tasks: options.tasks,
      handlerMemoryMiB: options.handlerMemory,
      graceMs: options.grace === undefined ? undefined : options.grace * 1000,
      json: options.json === true,
    });
    context.setExitCode(code);
  });
}
