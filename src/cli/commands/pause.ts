import type { Command } from 'commander';
import { withHelp } from '../command-help.ts';
import type { CliContext } from '../context.ts';
import { openSession, withTargetOptions, type TargetOptions } from '../open-session.ts';
import { printJson } from '../output/print-json.ts';
import { queuesTable } from '../output/progress-text.ts';

const VERBS = {
  pause: 'stop handing out tasks of a queue; running ones go on',
  resume: 'hand out tasks of a queue again',
} as const;

/** `millrace pause QUEUE` and `millrace resume QUEUE` */
export function registerPause(program: Command, context: CliContext): void {
  for (const verb of ['pause', 'resume'] as const) {
    const command = program.command(verb).description(VERBS[verb]).argument('<queue>', 'its name');
    withHelp(withTargetOptions(command), [`millrace ${verb} default`]).action(
      async (queue: string, options: TargetOptions) => {
        const session = await openSession(context, options);
        const progress = await session.client[verb](queue);
        if (session.json) printJson(context, progress);
        else context.stdout.write(`${queuesTable([progress], session.paint, context.stdout.columns)}\n`);
      },
    );
  }
}
