import { CommanderError } from 'commander';
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
    const shown = error instanceof CommanderError ? toUsageError(error) : error;
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
function toUsageError(error: CommanderError): MillraceError {
  const [message = '', ...rest] = error.message.replace(/^error: /, '').split('\n');
  const suggestion = rest.join(' ').trim();
  return new MillraceError(
    'invalid_request',
    `${message.charAt(0).toUpperCase()}${message.slice(1).replace(/\.$/, '')}.`,
    {
      hint: `${suggestion ? `${suggestion} ` : ''}\`millrace --help\` lists the commands, \`millrace COMMAND --help\` shows the arguments of one.`,
    },
  );
}
