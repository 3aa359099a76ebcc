import type { Command } from 'commander';
import { withHelp } from '../command-help.ts';
import type { CliContext } from '../context.ts';
import { openSession, withTargetOptions, type TargetOptions } from '../open-session.ts';
import { showTask } from '../output/show-task.ts';

/** `millrace status TASK` */
export function registerStatus(program: Command, context: CliContext): void {
  const command = program.command('status').description('show a task').argument('<task>', 'its id');
  withHelp(
    withTargetOptions(command),
    ['millrace status k-5f0c21', 'millrace status k-5f0c21 --json | jq .state'],
    {
      0: 'it is shown, whatever its state',
    },
  ).action(async (task: string, options: TargetOptions) => {
    const session = await openSession(context, options);
    showTask(session, await session.client.readTask(task));
  });
}
