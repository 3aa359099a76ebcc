import type { Command } from 'commander';
import { withHelp } from '../command-help.ts';
import type { CliContext } from '../context.ts';
import { openSession, withTargetOptions, type TargetOptions } from '../open-session.ts';
import { printJson } from '../output/print-json.ts';

/** `millrace logs TASK` */
export function registerLogs(program: Command, context: CliContext): void {
  const command = program
    .command('logs')
    .description('print the ends of what a task wrote: its stdout to stdout, its stderr to stderr')
    .argument('<task>', 'its id');
  withHelp(withTargetOptions(command), [
    'millrace logs k-5f0c21',
    'millrace logs k-5f0c21 2>/dev/null',
  ]).action(async (id: string, options: TargetOptions) => {
    const session = await openSession(context, options);
    const { stdout = '', stderr = '' } = await session.client.readTask(id);
    if (session.json) {
      printJson(context, { id, stdout, stderr });
      return;
    }
    context.stdout.write(stdout);
    context.stderr.write(stderr);
  });
}
