import type { ScheduleView } from '../../core/schedule.ts';
import type { Paint } from './paint.ts';
import { toOneLine } from './safe-text.ts';
import { toTable } from './table.ts';

/** One schedule, a member a line; absent ones are left out. */
export function scheduleText(schedule: ScheduleView, paint: Paint): string {
  const members: [string, string | undefined][] = [
    ['schedule', schedule.name],
    ['queue', schedule.queue],
    ['state', stateOf(schedule)],
    ['expression', toOneLine(schedule.expression)],
    ['time zone', schedule.timezone],
    ['start', schedule.startAt],
    ['end', schedule.endAt],
    ['next', schedule.nextAt],
    ['created', schedule.createdAt],
    ['task', toOneLine(JSON.stringify(schedule.task))],
  ];
  return members
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${paint('gray', name.padEnd(10))} ${value}`)
    .join('\n');
}

/** Schedules, one a line. @param width of the terminal; a pipe gets everything */
export function schedulesTable(
  schedules: readonly ScheduleView[],
  paint: Paint,
  width: number | undefined,
): string {
  return toTable(
    [
      { title: 'QUEUE' },
      { title: 'SCHEDULE' },
      { title: 'STATE' },
      { title: 'EXPRESSION' },
      { title: 'TIME ZONE', spare: 1 },
      { title: 'NEXT', spare: 2 },
      { title: 'TASK', clipTo: 14 },
    ],
    schedules.map((schedule) => [
      schedule.queue,
      schedule.name,
      stateOf(schedule),
      toOneLine(schedule.expression),
      schedule.timezone,
      schedule.nextAt ?? '',
      toOneLine(JSON.stringify(schedule.task)),
    ]),
    paint,
    width,
  );
}

function stateOf({ enabled }: ScheduleView): string {
  return enabled ? 'enabled' : 'paused';
}
