import type { Command } from 'commander';
import type { TaskSpec } from '../../core/task-spec.ts';
import { withHelp } from '../command-help.ts';
import type { CliContext } from '../context.ts';
import { openSession, withTargetOptions, type TargetOptions } from '../open-session.ts';
import { printJson } from '../output/print-json.ts';
import { collectPairs } from '../parse-options.ts';
import { readProgram, readText } from '../read-program.ts';
import { taskSettings, withTaskSettings, type TaskSettingOptions } from '../task-settings.ts';
import { waitAndShow } from '../wait-and-show.ts';

interface CreateOptions extends TargetOptions, TaskSettingOptions {
  readonly input?: string;
  readonly env?: Record<string, string>;
  readonly wait?: boolean;
}

/** `millrace create QUEUE COMMAND` */
export function registerCreate(program: Command, context: CliContext): void {
  const command = program
    .command('create')
    .description('enqueue one task and print its id')
    .argument('<queue>', 'its name')
    .argument(
      '[command...]',
      'one shell command, quoted; - reads it from STDIN; -- PROGRAM ARG… runs without a shell',
    )
    .option('--input <file>', 'what the program reads on its STDIN; - takes this command’s own STDIN')
    .option('--env <name=value>', 'environment variable for the program; may be repeated', collectPairs)
    .option('--wait', 'wait for the end and show the task');
  withHelp(
    withTargetOptions(withTaskSettings(command)),
    [
      "millrace create default 'convert a.png b.jpg' --timeout 60",
      'millrace create default --wait -- convert a.png "b c.jpg"',
      'millrace create mail --input letter.txt    # a queue with a program of its own',
    ],
    { 0: 'the task is enqueued; with --wait: it SUCCEEDED', 1: 'with --wait: it FAILED or was CANCELLED' },
  ).action(async (queue: string, words: string[], options: CreateOptions) => {
    const spec = await toSpec(context, queue, words, options);
    const session = await openSession(context, options, options.wait ? { patienceMs: 60_000 } : {});
    const task = await session.client.createTask(queue, spec, options.idempotencyKey);
    if (options.wait) {
      context.stderr.write(`task ${task.id}\n`);
      await waitAndShow(session, task.id);
    } else if (session.json) printJson(context, task);
    else context.stdout.write(`${task.id}\n`);
  });
}

async function toSpec(
  context: CliContext,
  queue: string,
  words: string[],
  options: CreateOptions,
): Promise<TaskSpec> {
  const program = await readProgram(context, `millrace create ${queue}`, words, options.input);
  return {
    ...program,
    ...(options.input !== undefined && { input: await readText(context, options.input) }),
    ...(options.env && { env: options.env }),
    ...taskSettings(options),
  };
}
