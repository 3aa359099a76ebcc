import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Command } from 'commander';
import { MillraceError } from '../../core/errors.ts';
import type { TaskSpec } from '../../core/task-spec.ts';
import { withHelp } from '../command-help.ts';
import type { CliContext } from '../context.ts';
import { openSession, withTargetOptions, type TargetOptions } from '../open-session.ts';
import { printJson } from '../output/print-json.ts';
import { collectPairs, wordsAfterDashes } from '../parse-options.ts';
import { quoteForShell } from '../quote-for-shell.ts';
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
  const program = await toProgram(context, queue, words, options.input);
  return {
    ...program,
    ...(options.input !== undefined && { input: await readText(context, options.input) }),
    ...(options.env && { env: options.env }),
    ...taskSettings(options),
  };
}

/** Words are never joined to a command: what was one argument would become several. */
async function toProgram(
  context: CliContext,
  queue: string,
  words: readonly string[],
  input: string | undefined,
): Promise<Pick<TaskSpec, 'command' | 'argv'>> {
  const argv = wordsAfterDashes(context.argv);
  if (argv?.length && argv.length === words.length) return { argv: [...argv] };
  const [command, ...more] = words;
  if (more.length > 0 || argv?.length) throw notOneArgument(queue, words);
  if (command === undefined) {
    if (input !== undefined) return {};
    throw new MillraceError('invalid_request', 'There is no command.', {
      expected: 'a shell command as one argument, - for STDIN, or -- PROGRAM ARG…',
      hint: `For example: millrace create ${queue} 'echo hi'. A queue with a program of its own takes --input instead.`,
    });
  }
  if (command !== '-') return { command };
  if (input === '-') {
    throw new MillraceError('invalid_request', 'STDIN cannot be both the command and its input.', {
      hint: 'Read one of them from a file: --input FILE.',
    });
  }
  return { command: (await text(context.stdin)).replace(/\r?\n$/, '') };
}

function notOneArgument(queue: string, words: readonly string[]): MillraceError {
  return new MillraceError('invalid_request', 'A command is one argument.', {
    expected: `millrace create ${queue} ${quoteForShell(words.join(' '))}`,
    got: `${words.length} arguments`,
    hint: `Quote the command as shown, or run the program without a shell: millrace create ${queue} -- ${words.map(quoteForShell).join(' ')}`,
  });
}

async function readText(context: CliContext, path: string): Promise<string> {
  return path === '-' ? text(context.stdin) : readFile(resolve(context.cwd, path), 'utf8');
}
