import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { MillraceError } from '../core/errors.ts';
import type { TaskSpec } from '../core/task-spec.ts';
import type { CliContext } from './context.ts';
import { wordsAfterDashes } from './parse-options.ts';
import { quoteForShell } from './quote-for-shell.ts';

/**
 * The words of a command line → what a task runs. They are never joined to a command: what was one argument would
 * become several.
 * @param usage the command line before them, for what is said when they are wrong
 * @throws MillraceError `invalid_request`
 */
export async function readProgram(
  context: CliContext,
  usage: string,
  words: readonly string[],
  input: string | undefined,
): Promise<Pick<TaskSpec, 'command' | 'argv'>> {
  const argv = wordsAfterDashes(context.argv);
  if (argv?.length && argv.length === words.length) return { argv: [...argv] };
  const [command, ...more] = words;
  if (more.length > 0 || argv?.length) throw notOneArgument(usage, words);
  if (command === undefined) {
    if (input !== undefined) return {};
    throw new MillraceError('invalid_request', 'There is no command.', {
      expected: 'a shell command as one argument, - for STDIN, or -- PROGRAM ARG…',
      hint: `For example: ${usage} 'echo hi'. A queue with a program of its own takes --input instead, and a named handler is called by \`millrace run\`, in a schedule by --handler NAME.`,
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

function notOneArgument(usage: string, words: readonly string[]): MillraceError {
  return new MillraceError('invalid_request', 'A command is one argument.', {
    expected: `${usage} ${quoteForShell(words.join(' '))}`,
    got: `${words.length} arguments`,
    hint: `Quote the command as shown, or run the program without a shell: ${usage} -- ${words.map(quoteForShell).join(' ')}`,
  });
}

/** A file, or STDIN for `-`. */
export async function readText(context: CliContext, path: string): Promise<string> {
  return path === '-' ? text(context.stdin) : readFile(resolve(context.cwd, path), 'utf8');
}
