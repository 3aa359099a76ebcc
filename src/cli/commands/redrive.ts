import type { Command } from 'commander';
import { MillraceError } from '../../core/errors.ts';
import { withHelp } from '../command-help.ts';
import type { CliContext } from '../context.ts';
import { doForEach } from '../do-for-each.ts';
import { openSession, withTargetOptions, type Session, type TargetOptions } from '../open-session.ts';
import { amountOf } from '../../core/amounts.ts';
import { printJson } from '../output/print-json.ts';

interface RedriveOptions extends TargetOptions {
  readonly queue?: string;
}

/** `millrace redrive TASK... | --queue QUEUE` */
export function registerRedrive(program: Command, context: CliContext): void {
  const command = program
    .command('redrive')
    .description('run FAILED tasks again, with all their attempts before them')
    .argument('[task...]', 'their ids')
    .option('--queue <queue>', 'all FAILED tasks of this queue');
  withHelp(withTargetOptions(command), ['millrace redrive k-5f0c21', 'millrace redrive --queue default'], {
    0: 'all will run again',
    6: 'some are not FAILED, or could not be redriven now',
  }).action(async (ids: string[], options: RedriveOptions) => {
    if (ids.length > 0 === (options.queue !== undefined)) {
      throw new MillraceError('invalid_request', 'It is not clear what to redrive.', {
        expected: 'ids of tasks, or --queue QUEUE',
        got: ids.length > 0 ? 'both' : 'neither',
        hint: 'For example: millrace redrive --queue default',
      });
    }
    const session = await openSession(context, options);
    if (options.queue === undefined) await doForEach(session, ids, (id) => session.client.redrive(id));
    else await redriveQueue(session, options.queue);
  });
}

/** The work of one call is bounded, so it takes several; one that gets nothing done is the last. */
async function redriveQueue(session: Session, queue: string): Promise<void> {
  const { client, context, json } = session;
  let redriven = 0;
  let answer;
  do {
    answer = await client.redriveQueue(queue);
    redriven += answer.redriven;
  } while (answer.more && answer.redriven > 0);
  const { skipped, more } = answer;
  if (json) printJson(context, { queue, redriven, skipped, more });
  else if (redriven + skipped === 0 && !more) context.stdout.write(`No task of ${queue} is FAILED.\n`);
  else
    context.stdout.write(
      `${amountOf(redriven, 'task')} of ${queue} will run again, ${skipped} could not be redriven.\n`,
    );
  if (skipped > 0 || more) {
    context.stderr.write(
      'Try again in a moment; a task whose content is no longer kept must be enqueued anew.\n',
    );
    context.setExitCode(6);
  }
}
