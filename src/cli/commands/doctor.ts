import type { Command } from 'commander';
import { withHelp } from '../command-help.ts';
import type { CliContext } from '../context.ts';
import type { DoctorOptions } from '../doctor/run-doctor.ts';
import { withTargetOptions } from '../open-session.ts';
import { makePaint } from '../output/paint.ts';
import { printJson } from '../output/print-json.ts';

/** `millrace doctor [QUEUE...]` */
export function registerDoctor(program: Command, context: CliContext): void {
  const command = program
    .command('doctor')
    .description(
      'recount tasks from their rows and compare, send chunks that were not sent, and say what else is wrong',
    )
    .argument('[queue...]', 'their names; without one: all')
    .option('--batch <id...>', 'recount these batches, their totals too; without a queue: nothing else')
    .option('--dry-run', 'send nothing and repair nothing')
    .option('--fix', 'count ends that nobody will count any more; recorded totals are never overwritten');
  withHelp(
    withTargetOptions(command),
    ['millrace doctor', 'millrace doctor default --json', 'millrace doctor --batch nightly-1 --dry-run'],
    { 0: 'healthy; notes are no problem', 1: 'problems found: errors or warnings', 6: undefined },
  ).action(async (queues: string[], options: DoctorOptions) => {
    const { runDoctor } = await import('../doctor/run-doctor.ts');
    const { doctorText } = await import('../doctor/doctor-text.ts');
    const { report, exitCode } = await runDoctor(context, queues, options);
    if (options.json) printJson(context, report);
    else context.stdout.write(`${doctorText(report, makePaint(context.stdout))}\n`);
    context.setExitCode(exitCode);
  });
}
