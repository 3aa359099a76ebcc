import type { Command } from 'commander';
import { withHelp } from '../command-help.ts';
import type { CliContext } from '../context.ts';
import { openSession, withTargetOptions, type TargetOptions } from '../open-session.ts';
import { numberBetween } from '../parse-options.ts';
import { waitAndShow } from '../wait-and-show.ts';

/** `millrace wait TASK` */
export function registerWait(program: Command, context: CliContext): void {
  const command = program
    .command('wait')
    .description('wait until a task has ended, then show it')
    .argument('<task>', 'its id')
    .option('--timeout <seconds>', 'wait no longer than this', numberBetween(0, Infinity, false));
  withHelp(withTargetOptions(command), ['millrace wait k-5f0c21 --timeout 60'], {
    0: 'it SUCCEEDED',
    1: 'it FAILED or was CANCELLED',
    124: 'the time was up before it ended',
  }).action(async (task: string, options: TargetOptions & { timeout?: number }) => {
    const session = await openSession(context, options, { patienceMs: 60_000 });
    await waitAndShow(session, task, options.timeout);
  });
}
