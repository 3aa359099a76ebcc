import { Argument, InvalidArgumentError, type Command } from 'commander';
import type { ListOptions } from '../../client/millrace-client.ts';
import { MAX_PAGE } from '../../core/limits.ts';
import type { TaskList } from '../../core/list-tasks.ts';
import type { TaskView } from '../../core/task-view.ts';
import { TASK_STATES, type TaskState } from '../../core/task-states.ts';
import { withHelp } from '../command-help.ts';
import type { CliContext } from '../context.ts';
import { openSession, withTargetOptions, type Session, type TargetOptions } from '../open-session.ts';
import { printJson } from '../output/print-json.ts';
import { tasksTable } from '../output/task-text.ts';
import { numberBetween } from '../parse-options.ts';

interface PeekOptions extends TargetOptions {
  readonly oldest?: boolean;
}

const STATES = [...TASK_STATES, 'EXPIRED'] as const;

/** `millrace peek QUEUE STATE [N]` */
export function registerPeek(program: Command, context: CliContext): void {
  const command = program
    .command('peek')
    .description('show some tasks of a queue, the newest first')
    .argument('<queue>', 'its name')
    .addArgument(new Argument('<state>', `${STATES.join(', ')} or ALL`).argParser(parseState))
    .addArgument(new Argument('[n]', 'how many').argParser(numberBetween(1, 100_000, true)).default(10))
    .option('--oldest', 'the oldest first');
  withHelp(withTargetOptions(command), [
    'millrace peek default failed 20',
    'millrace peek default all --json',
  ]).action(async (queue: string, state: TaskState | 'EXPIRED' | 'ALL', n: number, options: PeekOptions) => {
    const session = await openSession(context, options);
    const found = await collect(session, queue, n, {
      state: state === 'ALL' ? undefined : state,
      oldestFirst: options.oldest,
    });
    if (session.json) printJson(context, found);
    else if (found.tasks.length === 0) context.stderr.write(`${noTask(queue, state)}\n`);
    else context.stdout.write(`${tasksTable(found.tasks, session.paint, context.stdout.columns)}\n`);
  });
}

function noTask(queue: string, state: string): string {
  return state === 'ALL' ? `There is no task in ${queue}.` : `No task of ${queue} is ${state}.`;
}

/** Follows the cursor: a page may be short, or empty, and still not be the last. */
async function collect(session: Session, queue: string, n: number, options: ListOptions): Promise<TaskList> {
  const tasks: TaskView[] = [];
  let cursor: string | undefined;
  do {
    const limit = Math.min(MAX_PAGE, n - tasks.length);
    const page = await session.client.listTasks(queue, { ...options, limit, cursor });
    tasks.push(...page.tasks);
    cursor = page.cursor;
  } while (cursor !== undefined && tasks.length < n);
  return { tasks, ...(cursor !== undefined && { cursor }) };
}

function parseState(text: string): string {
  const state = text.toUpperCase();
  if (state === 'ALL' || (STATES as readonly string[]).includes(state)) return state;
  throw new InvalidArgumentError(`Expected one of ${STATES.join(', ')}, ALL.`);
}
