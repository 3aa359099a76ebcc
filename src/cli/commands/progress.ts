import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import { MillraceError } from '../../core/errors.ts';
import type { BatchProgress, QueueProgress } from '../../core/progress.ts';
import { withHelp } from '../command-help.ts';
import type { CliContext } from '../context.ts';
import { openSession, withTargetOptions, type Session, type TargetOptions } from '../open-session.ts';
import { LiveText } from '../output/live-text.ts';
import { printJson } from '../output/print-json.ts';
import { batchTable, openTasks, queuesTable } from '../output/progress-text.ts';
import { numberBetween } from '../parse-options.ts';

interface ProgressOptions extends TargetOptions {
  readonly batch?: string;
  readonly watch?: boolean;
  readonly untilEmpty?: boolean;
  readonly interval: number;
}

/** What is shown: its JSON, its text, and how much of it is open. */
interface Reading {
  readonly json: object;
  readonly text: string;
  readonly open: number;
}

/** `millrace progress [QUEUE]` */
export function registerProgress(program: Command, context: CliContext): void {
  const command = program
    .command('progress')
    .description('show how many tasks are where: of a queue, of a batch, or of all queues')
    .argument('[queue]', 'its name; without it: all')
    .option('--batch <id>', 'of this batch')
    .option('--watch', 'go on until Ctrl-C; with --json: a document a line, for each change')
    .option('--until-empty', 'go on until no task is open')
    .option('--interval <seconds>', 'between two looks', numberBetween(0.1, 3600, false), 1);
  withHelp(withTargetOptions(command), [
    'millrace progress default --watch',
    'millrace progress --batch b-77ab02 --until-empty && echo done',
  ]).action(async (queue: string | undefined, options: ProgressOptions) => {
    if (queue !== undefined && options.batch !== undefined) {
      throw new MillraceError('invalid_request', 'A batch is in one queue.', {
        expected: 'a queue or --batch',
        got: 'both',
        hint: 'Leave the queue out.',
      });
    }
    const goesOn = options.watch === true || options.untilEmpty === true;
    const session = await openSession(context, options, goesOn ? { patienceMs: 60_000 } : {});
    const read = () => readProgress(session, queue, options.batch);
    if (goesOn) await watch(session, read, options);
    else if (session.json) printJson(context, (await read()).json);
    else context.stdout.write(`${(await read()).text}\n`);
  });
}

async function readProgress(
  session: Session,
  queue: string | undefined,
  batch: string | undefined,
): Promise<Reading> {
  const { client, paint } = session;
  const width = session.context.stdout.columns;
  if (batch !== undefined) {
    const progress = await client.readBatch(batch);
    return { json: progress, text: batchTable(progress, paint, width), open: openTasks(progress) };
  }
  const queues = queue === undefined ? await client.queues() : [await client.queue(queue)];
  const sum = (progresses: readonly (QueueProgress | BatchProgress)[]) =>
    progresses.reduce((open, progress) => open + openTasks(progress), 0);
  return {
    json: queue === undefined ? { queues } : (queues[0] ?? {}),
    text: queuesTable(queues, paint, width),
    open: sum(queues),
  };
}

async function watch(
  session: Session,
  read: () => Promise<Reading>,
  options: ProgressOptions,
): Promise<void> {
  const { context, json, signal } = session;
  const live = new LiveText(context.stdout);
  for (;;) {
    const reading = await read();
    live.show(json ? JSON.stringify(reading.json) : reading.text, json ? 'append' : 'redraw');
    if (options.untilEmpty && reading.open === 0) return;
    await delay(options.interval * 1000, undefined, { signal });
  }
}
