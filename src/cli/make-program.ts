import { Command } from 'commander';
import { registerCancel } from './commands/cancel.ts';
import { registerCreate } from './commands/create.ts';
import { registerDoctor } from './commands/doctor.ts';
import { registerEnv } from './commands/env.ts';
import { registerList } from './commands/list.ts';
import { registerLoad } from './commands/load.ts';
import { registerLocal } from './commands/local.ts';
import { registerLogs } from './commands/logs.ts';
import { registerPause } from './commands/pause.ts';
import { registerPeek } from './commands/peek.ts';
import { registerProgress } from './commands/progress.ts';
import { registerPurge } from './commands/purge.ts';
import { registerQueue } from './commands/queue.ts';
import { registerRedrive } from './commands/redrive.ts';
import { registerRun } from './commands/run.ts';
import { registerSchedule } from './commands/schedule.ts';
import { registerStatus } from './commands/status.ts';
import { registerWait } from './commands/wait.ts';
import { registerWork } from './commands/work.ts';
import { registerWorkers } from './commands/workers.ts';
import { registerWorkflow } from './commands/workflow.ts';
import type { CliContext } from './context.ts';

/** The command line with all its commands; nothing of it writes or exits by itself but help and version. */
export function makeProgram(context: CliContext): Command {
  const program = new Command('millrace')
    .description('A command queue: hand over commands, workers run them, nothing is lost.')
    .version(context.version, '-V, --version')
    .helpOption('-h, --help', 'show help')
    .configureHelp({ subcommandTerm: termOf })
    .addHelpText(
      'after',
      [
        '',
        'Examples:',
        '  millrace local --workers 1',
        "  millrace create default 'echo hi' --wait",
        '  millrace load default commands.txt',
        '  millrace progress default --watch',
        '',
        '`millrace COMMAND --help` shows the arguments, examples and exit codes of one.',
      ].join('\n'),
    )
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      writeErr: (text) => context.stderr.write(text),
      outputError: () => undefined, // run-cli.ts says it, as all other errors
    });

  registerLocal(program, context);
  registerWork(program, context);
  registerWorkers(program, context);
  registerCreate(program, context);
  registerRun(program, context);
  registerLoad(program, context);
  registerStatus(program, context);
  registerWait(program, context);
  registerLogs(program, context);
  registerProgress(program, context);
  registerPeek(program, context);
  registerList(program, context);
  registerCancel(program, context);
  registerWorkflow(program, context);
  registerRedrive(program, context);
  registerPurge(program, context);
  registerPause(program, context);
  registerQueue(program, context);
  registerSchedule(program, context);
  registerEnv(program, context);
  registerDoctor(program, context);
  return program;
}

/** A command in the list of commands: its name and what it must be given; the rest is in its own help. */
function termOf(command: Command): string {
  const needed = command.registeredArguments.filter(({ required }) => required);
  const words = needed.map((argument) => `<${argument.name()}${argument.variadic ? '...' : ''}>`);
  return [command.name(), ...words].join(' ');
}
