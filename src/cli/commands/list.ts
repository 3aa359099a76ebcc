import { Option, type Command } from 'commander';
import type { QueueProgress } from '../../core/progress.ts';
import { withHelp } from '../command-help.ts';
import type { CliContext } from '../context.ts';
import { openSession, withTargetOptions, type TargetOptions } from '../open-session.ts';
import { printJson } from '../output/print-json.ts';
import { COUNTS, queuesTable } from '../output/progress-text.ts';

type SortKey = 'name' | (typeof COUNTS)[number];

interface ListCommandOptions extends TargetOptions {
  readonly progress?: boolean;
  readonly sort: SortKey;
}

/** `millrace list` */
export function registerList(program: Command, context: CliContext): void {
  const command = program
    .command('list')
    .description('list the queues')
    .option('--progress', 'with the numbers of their tasks')
    .addOption(
      new Option('--sort <by>', 'by name, or by a number, the highest first')
        .choices(['name', ...COUNTS])
        .default('name'),
    );
  withHelp(withTargetOptions(command), ['millrace list --progress --sort failed'], {
    4: undefined,
    6: undefined,
  }).action(async (options: ListCommandOptions) => {
    const session = await openSession(context, options);
    const queues = sortQueues(await session.client.queues(), options.sort);
    if (session.json) printJson(context, { queues });
    else if (options.progress)
      context.stdout.write(`${queuesTable(queues, session.paint, context.stdout.columns)}\n`);
    else context.stdout.write(queues.map(({ queue }) => `${queue}\n`).join(''));
  });
}

function sortQueues(queues: readonly QueueProgress[], by: SortKey): QueueProgress[] {
  const byName = (a: QueueProgress, b: QueueProgress) => (a.queue < b.queue ? -1 : 1);
  return [...queues].sort((a, b) => (by === 'name' ? 0 : b[by] - a[by]) || byName(a, b));
}
