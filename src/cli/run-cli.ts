import { CommanderError, type Command } from 'commander';
import { MillraceError } from '../core/errors.ts';
import type { CliContext } from './context.ts';
import { Interrupted } from './context.ts';
import { makeProgram } from './make-program.ts';
import { exitCodeOf, showError } from './output/show-error.ts';

/** Runs the command that the arguments name; whatever goes wrong becomes a message and an exit code. */
export async function runCli(context: CliContext): Promise<void> {
  const program = makeProgram(context);
  try {
    await program.parseAsync(context.argv, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return; // --help, --version
    const interrupted = interruptionIn(error);
    if (interrupted) {
      context.setExitCode(interrupted.exitCode);
      return;
    }
    if (error instanceof CommanderError && error.code === 'commander.help') {
      context.setExitCode(2); // no command: its help has been shown
      return;
    }
    const shown =
      error instanceof CommanderError ? toUsageError(error, commandOf(program, context.argv)) : error;
    showError(context, shown);
    context.setExitCode(exitCodeOf(shown));
  }
}

/** Node wraps the reason of an aborted signal in an AbortError. */
function interruptionIn(error: unknown): Interrupted | undefined {
  if (error instanceof Interrupted) return error;
  return error instanceof Error && error.cause instanceof Interrupted ? error.cause : undefined;
}

/** What commander says about arguments, as an error of ours. */
function toUsageError(error: CommanderError, command: string | undefined): MillraceError {
  const [message = '', ...rest] = error.message.replace(/^error: /, '').split('\n');
  const suggestion = rest
    .join(' ')
    .trim()
    .replace(/^\((.*)\)$/, '$1');
  return new MillraceError(
    'invalid_request',
    `${message.charAt(0).toUpperCase()}${message.slice(1).replace(/\.$/, '')}.`,
    {
      hint: `${suggestion ? `${suggestion} ` : ''}${
        command === undefined
          ? '`millrace --help` lists the commands.'
          : `\`millrace ${command} --help\` shows what it takes, with examples.`
      }`,
    },
  );
}

/** The command that the arguments name, such as `queue add`; undefined when they name none. */
function commandOf(program: Command, argv: readonly string[]): string | undefined {
  const names: string[] = [];
  let command: Command | undefined = program;
  for (const word of argv) {
    command = command.commands.find((other) => other.name() === word);
    if (!command) break;
    names.push(word);
  }
  return names.length > 0 ? names.join(' ') : undefined;
}
