import type { Command } from 'commander';
import { isTerminal } from '../../core/task-states.ts';
import { withHelp } from '../command-help.ts';
import type { CliContext } from '../context.ts';
import { openSession, withTargetOptions, type TargetOptions } from '../open-session.ts';
import { printJson } from '../output/print-json.ts';
import { workflowText } from '../output/workflow-text.ts';
import { numberBetween } from '../parse-options.ts';
import { TIMED_OUT } from '../wait-and-show.ts';

interface Options extends TargetOptions {
  readonly cancel?: boolean;
  readonly wait?: boolean;
  readonly timeout?: number;
}

/** `millrace workflow ID` */
export function registerWorkflow(program: Command, context: CliContext): void {
  const command = program
    .command('workflow')
    .description('show a chain or a set, cancel it, or wait for its end')
    .argument('<id>', 'its id, which begins with w~')
    .option('--cancel', 'cancel what waits, what runs, and what would come')
    .option('--wait', 'wait until it has ended')
    .option('--timeout <seconds>', 'with --wait: no longer than this', numberBetween(0, Infinity, false));
  withHelp(
    withTargetOptions(command),
    ['millrace workflow w~k-5f0c21 --wait', 'millrace workflow w~k-5f0c21 --cancel'],
    {
      0: 'it is shown; with --wait, it SUCCEEDED',
      1: 'with --wait: it FAILED or was CANCELLED',
      124: 'with --timeout: the time was up before it ended',
    },
  ).action(async (id: string, { cancel, wait, timeout, ...options }: Options) => {
    const session = await openSession(context, options, wait ? { patienceMs: 60_000 } : {});
    const { client } = session;
    const cancelled = cancel ? await client.cancelWorkflow(id) : undefined;
    const workflow = wait
      ? await client.waitForWorkflow(id, (timeout ?? Infinity) * 1000)
      : (cancelled ?? (await client.readWorkflow(id)));
    if (session.json) printJson(context, workflow);
    else context.stdout.write(`${workflowText(workflow, session.paint)}\n`);
    if (!wait || workflow.state === 'SUCCEEDED') return;
    context.setExitCode(isTerminal(workflow.state) ? 1 : TIMED_OUT);
  });
}
