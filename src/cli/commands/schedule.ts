import type { Command } from 'commander';
import type { ScheduleView } from '../../core/schedule.ts';
import { withHelp } from '../command-help.ts';
import type { CliContext } from '../context.ts';
import { openSession, withTargetOptions, type Session, type TargetOptions } from '../open-session.ts';
import { printJson } from '../output/print-json.ts';
import { schedulesTable } from '../output/schedule-text.ts';
import { showSchedule } from '../output/show-schedule.ts';
import { registerScheduleAdd } from './schedule-add.ts';

const VERBS = {
  pause: 'let a schedule fire no more, until it is resumed',
  resume: 'let a schedule fire again; what it has missed is not made up for',
} as const;

/** `millrace schedule add | list | show | remove | pause | resume` */
export function registerSchedule(program: Command, context: CliContext): void {
  const schedule = program.command('schedule').description('make tasks by the clock: rates, cron, or once');
  withHelp(schedule, ["millrace schedule add default nightly 'cron(0 2 * * ? *)' 'report --day yesterday'"]);
  registerScheduleAdd(schedule, context);
  registerList(schedule, context);

  const show = named(schedule, 'show', 'show a schedule');
  withHelp(withTargetOptions(show), ['millrace schedule show default nightly']).action(
    async (queue: string, name: string, options: TargetOptions) => {
      const session = await openSession(context, options);
      showSchedule(session, await session.client.schedules.read(queue, name));
    },
  );

  const remove = named(schedule, 'remove', 'remove a schedule; tasks that it has made stay');
  withHelp(withTargetOptions(remove), ['millrace schedule remove default nightly']).action(
    async (queue: string, name: string, options: TargetOptions) => {
      const session = await openSession(context, options);
      await session.client.schedules.remove(queue, name);
      if (session.json) printJson(context, { queue, name });
      else context.stderr.write(`Schedule ${name} of ${queue} is removed.\n`);
    },
  );

  for (const verb of ['pause', 'resume'] as const) {
    withHelp(withTargetOptions(named(schedule, verb, VERBS[verb])), [
      `millrace schedule ${verb} default nightly`,
    ]).action(async (queue: string, name: string, options: TargetOptions) => {
      const session = await openSession(context, options);
      showSchedule(session, await session.client.schedules[verb](queue, name));
    });
  }
}

function named(schedule: Command, verb: string, description: string): Command {
  return schedule
    .command(verb)
    .description(description)
    .argument('<queue>', 'its queue')
    .argument('<name>', 'its name');
}

function registerList(schedule: Command, context: CliContext): void {
  const list = schedule
    .command('list')
    .description('list the schedules of a queue, or of all')
    .argument('[queue]', 'its name');
  withHelp(withTargetOptions(list), ['millrace schedule list default']).action(
    async (queue: string | undefined, options: TargetOptions) => {
      const session = await openSession(context, options);
      const queues = queue === undefined ? (await session.client.queues()).map((one) => one.queue) : [queue];
      const schedules: ScheduleView[] = [];
      for (const name of queues) schedules.push(...(await schedulesOf(session, name)));
      if (session.json) printJson(context, { schedules });
      else if (schedules.length === 0) context.stderr.write('There is no schedule.\n');
      else context.stdout.write(`${schedulesTable(schedules, session.paint, context.stdout.columns)}\n`);
    },
  );
}

async function schedulesOf({ client }: Session, queue: string): Promise<ScheduleView[]> {
  const schedules: ScheduleView[] = [];
  let cursor: string | undefined;
  do {
    const page = await client.schedules.list(queue, { ...(cursor !== undefined && { cursor }) });
    schedules.push(...page.schedules);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return schedules;
}
