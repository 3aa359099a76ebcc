import type { Command } from 'commander';
import { withHelp } from '../command-help.ts';
import type { CliContext } from '../context.ts';
import { openSession, withTargetOptions, type TargetOptions } from '../open-session.ts';
import { printJson } from '../output/print-json.ts';
import { makeTaskOutput } from '../output/task-output.ts';

interface LogsOptions extends TargetOptions {
  readonly follow?: boolean;
}

/** `millrace logs TASK` */
export function registerLogs(program: Command, context: CliContext): void {
  const command = program
    .command('logs')
    .description(
      'print what a task wrote, its stdout to stdout, its stderr to stderr: from CloudWatch Logs where it is ' +
        'deployed, else the ends of the two that are kept with the task',
    )
    .argument('<task>', 'its id')
    .option(
      '-f, --follow',
      'until the task has ended; a local stack prints it then, its worker prints it as it comes',
    );
  withHelp(withTargetOptions(command), ['millrace logs k-5f0c21', 'millrace logs k-5f0c21 -f 2>/dev/null'], {
    0: 'printed, however the task ended',
  }).action(async (id: string, { follow = false, ...options }: LogsOptions) => {
    const session = await openSession(context, options);
    const output = makeTaskOutput(context, session.json);
    const logGroup = session.target.deployed?.outputs['WorkerLogGroup'];
    if (logGroup === undefined) {
      const task = await (follow ? session.client.waitForTask(id) : session.client.readTask(id));
      output.writeTails(task);
    } else {
      const { printTaskLog } = await import('../print-task-log.ts');
      await printTaskLog(session, { id, logGroup, follow, output });
    }
    if (session.json) printJson(context, { id, ...output.collected() });
  });
}
