import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import { MillraceError } from '../../core/errors.ts';
import type { QueueProgress } from '../../core/progress.ts';
import { withHelp } from '../command-help.ts';
import { Interrupted, type CliContext } from '../context.ts';
import { openSession, withTargetOptions, type Session, type TargetOptions } from '../open-session.ts';
import { printJson } from '../output/print-json.ts';

interface PurgeOptions extends TargetOptions {
  readonly yes?: boolean;
}

/** `millrace purge QUEUE` */
export function registerPurge(program: Command, context: CliContext): void {
  const command = program
    .command('purge')
    .description('cancel every task of a queue that waits; running ones go on')
    .argument('<queue>', 'its name')
    .option('--yes', 'do not ask');
  withHelp(withTargetOptions(command), ['millrace purge default --yes'], {
    0: 'what waited will be CANCELLED',
    2: 'wrong usage, or it was not confirmed',
  }).action(async (queue: string, options: PurgeOptions) => {
    const session = await openSession(context, options);
    if (!options.yes) await confirm(session, await session.client.queue(queue));
    const answer = await session.client.purge(queue);
    if (session.json) printJson(context, answer);
    else
      context.stdout.write(`Tasks of ${queue} enqueued before ${answer.purgedBefore} will be CANCELLED.\n`);
  });
}

async function confirm({ context, signal }: Session, progress: QueueProgress): Promise<void> {
  if (!context.stdin.isTTY || !context.stderr.isTTY) {
    throw notConfirmed('there is no terminal to ask on');
  }
  const terminal = createInterface({ input: context.stdin, output: context.stderr });
  const interrupted = new AbortController();
  terminal.once('SIGINT', () => interrupted.abort(new Interrupted('SIGINT')));
  try {
    const waiting = progress.pending + progress.delayed;
    const answer = await terminal.question(
      `Cancel all ${waiting} waiting tasks of ${progress.queue}? [y/N] `,
      {
        signal: AbortSignal.any([signal, interrupted.signal]),
      },
    );
    if (!/^y(es)?$/i.test(answer.trim())) throw notConfirmed(answer.trim() || 'no');
  } finally {
    terminal.close();
  }
}

function notConfirmed(got: string): MillraceError {
  return new MillraceError('confirmation_required', 'Nothing was purged.', {
    expected: 'a confirmation',
    got,
    hint: 'Purging cannot be undone; --yes says that it is meant.',
  });
}
