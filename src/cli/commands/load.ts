import { Option, type Command } from 'commander';
import { MAX_MAX_ATTEMPTS, MAX_TIMEOUT_SECONDS } from '../../core/limits.ts';
import { withHelp } from '../command-help.ts';
import type { CliContext } from '../context.ts';
import type { LoadOptions } from '../load/load-command.ts';
import { withTargetOptions } from '../open-session.ts';
import { numberBetween } from '../parse-options.ts';

/** `millrace load QUEUE FILE|-` */
export function registerLoad(program: Command, context: CliContext): void {
  const command = program
    .command('load')
    .description('enqueue every line of a file, of any size; goes on where it stood when it was interrupted')
    .argument('<queue>', 'its name')
    .argument('<file>', '- for STDIN')
    .addOption(
      new Option('--format <format>', 'text: a command a line; ndjson: a task as JSON a line').choices([
        'text',
        'ndjson',
      ]),
    )
    .option(
      '--timeout <seconds>',
      'for tasks that say none',
      numberBetween(0.001, MAX_TIMEOUT_SECONDS, false),
    )
    .option('--max-attempts <n>', 'for tasks that say none', numberBetween(1, MAX_MAX_ATTEMPTS, true))
    .option(
      '--batch <id>',
      'load into this batch; the same input into the same batch again makes no duplicates',
    )
    .option('--fresh', 'start anew, as another batch, even if an earlier load of the file is unfinished')
    .option(
      '--patience <seconds>',
      'go on trying so long when the API is away',
      numberBetween(0, 86_400, false),
      60,
    )
    .option('--wait', 'wait until all tasks of the batch have ended');
  withHelp(
    withTargetOptions(command),
    [
      'millrace load default commands.txt --timeout 600',
      'millrace load default tasks.ndjson --wait',
      'find . -name "*.png" | sed "s/.*/convert & &.jpg/" | millrace load default - --batch pngs-1',
    ],
    {
      0: 'all or some lines are tasks now (others are named on stderr); with --wait: all SUCCEEDED',
      1: 'with --wait: some FAILED or were CANCELLED',
      2: 'wrong usage, or no line is a task',
    },
  ).action(async (queue: string, file: string, options: LoadOptions) => {
    const { loadCommand } = await import('../load/load-command.ts');
    await loadCommand(context, queue, file, options);
  });
}
