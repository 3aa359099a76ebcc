import type { Command } from 'commander';
import { isTerminal } from '../../core/task-states.ts';
import { withHelp } from '../command-help.ts';
import type { CliContext } from '../context.ts';
import { doForEach } from '../do-for-each.ts';
import { openSession, withTargetOptions, type TargetOptions } from '../open-session.ts';

/** `millrace cancel TASK...` */
export function registerCancel(program: Command, context: CliContext): void {
  const command = program
    .command('cancel')
    .description('cancel tasks: waiting ones at once, running ones by killing their process group')
    .argument('<task...>', 'their ids');
  withHelp(withTargetOptions(command), ['millrace cancel k-5f0c21 k-77ab02'], {
    0: 'all are cancelled, or their workers have been asked to',
  }).action(async (ids: string[], options: TargetOptions) => {
    const session = await openSession(context, options);
    const tasks = await doForEach(session, ids, (id) => session.client.cancel(id));
    if (!session.json && tasks.some(({ state }) => !isTerminal(state))) {
      context.stderr.write(
        'What is not CANCELLED yet ends as soon as its worker has seen the request, within seconds.\n',
      );
    }
  });
}
