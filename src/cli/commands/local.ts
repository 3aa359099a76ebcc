import type { Command } from 'commander';
import { withHelp } from '../command-help.ts';
import type { CliContext } from '../context.ts';
import type { LocalOptions } from '../local-process.ts';
import { numberBetween } from '../parse-options.ts';

/** `millrace local` */
export function registerLocal(program: Command, context: CliContext): void {
  const port = numberBetween(0, 65535, true);
  const command = program
    .command('local')
    .description('run a whole installation on this machine, until Ctrl-C')
    .option('--port <n>', 'of the API (default: the one of the last start, else 7070; 0: any)', port)
    .option('--sqs-port <n>', 'of SQS', port)
    .option('--dynamodb-port <n>', 'of DynamoDB', port)
    .option('--data <dir>', 'folder for queues, tasks and the key (default: MILLRACE_DATA, else .millrace)')
    .option('--memory', 'keep queues and tasks in memory: faster, and gone at the end')
    .option('--workers <n>', 'worker processes for each queue', numberBetween(0, 64, true), 0)
    .option('--slots <n>', 'programs that each worker runs at the same time', numberBetween(1, 1000, true), 8)
    .option(
      '--tasks <dir>',
      'folder of the workers’ named handlers (else MILLRACE_TASKS, ./tasks if it has any)',
    )
    .option('--demo', 'run a small batch when it is ready')
    .option('--json', 'print one JSON line when it is ready, nothing else; the workers’ log goes to stderr');
  withHelp(command, ['millrace local --workers 1', 'millrace local --memory --port 0 --json'], {
    0: 'stopped by Ctrl-C or SIGTERM',
    4: undefined,
    5: undefined,
    6: 'the folder or a port is in use',
    7: undefined,
    130: 'a second Ctrl-C: what ran was killed',
  }).action(async (options: LocalOptions) => {
    const { runLocalStack } = await import('../local-process.ts');
    context.setExitCode(await runLocalStack(context, options));
  });
}
