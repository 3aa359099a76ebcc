import type { ScheduleView } from '../../core/schedule.ts';
import type { Session } from '../open-session.ts';
import { printJson } from './print-json.ts';
import { scheduleText } from './schedule-text.ts';

/** A schedule on stdout. */
export function showSchedule(session: Session, schedule: ScheduleView): void {
  if (session.json) printJson(session.context, schedule);
  else session.context.stdout.write(`${scheduleText(schedule, session.paint)}\n`);
}
