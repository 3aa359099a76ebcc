import { readExpression } from '../api/schedule-expression.ts';
import { MAX_SCHEDULE_INPUT_BYTES } from '../core/limits.ts';
import type { Clock } from '../core/ports.ts';
import type { Schedule } from '../core/schedule.ts';
import type { LaterMessage, Scheduler } from '../core/scheduler.ts';
import type { Timer, TimerStore } from '../core/timer.ts';

const MAX_RACES = 10;
const SCHEDULES = 'schedule#';
export const DELAYED_TASKS = 'task#';

/** The scheduler of a stack that keeps its own time: what it is told is a timer in the table; fire-due.ts sends it. */
export function makeTimerScheduler(timers: TimerStore, clock: Clock): Scheduler {
  const idOf = (name: string) => `${SCHEDULES}${name}`;
  /** Changes a schedule that is there, against those who change it too. */
  const change = async (
    queue: string,
    id: string,
    next: (timer: Timer) => Promise<boolean>,
  ): Promise<boolean> => {
    for (let race = 0; race < MAX_RACES; race += 1) {
      const timer = await timers.read(queue, id);
      if (!timer) return false;
      if (await next(timer)) return true;
    }
    throw new Error(`${id} of queue ${queue} is changed by too many at once`);
  };
  return {
    maxBodyBytes: MAX_SCHEDULE_INPUT_BYTES / 2, // as in AWS; an item of the table would hold twice that
    async sendLater(later) {
      const { queue, at } = later;
      await timers.put({ queue, id: laterId(later), due: at, revision: 1, what: { later } }, 0);
    },
    async dropLater(later) {
      await change(later.queue, laterId(later), ({ queue, id, revision }) =>
        timers.remove(queue, id, revision),
      );
    },
    async create(schedule) {
      const { queue, name } = schedule;
      const timer = { queue, id: idOf(name), due: firstDue(schedule), what: { schedule } };
      for (let race = 0; race < MAX_RACES; race += 1) {
        if (await timers.put({ ...timer, revision: 1 }, 0)) return undefined;
        const there = await timers.read(queue, timer.id);
        if (there) return toSchedule(there);
      }
      throw new Error(`schedule ${name} of queue ${queue} is changed by too many at once`);
    },
    async replace(schedule) {
      return change(schedule.queue, idOf(schedule.name), (timer) => {
        const isSame = toSchedule(timer).createdAt === schedule.createdAt;
        const due = firstDue(schedule, isSame ? clock() : undefined);
        return timers.put(
          { ...timer, due, revision: timer.revision + 1, what: { schedule } },
          timer.revision,
        );
      });
    },
    async read(queue, name) {
      const timer = await timers.read(queue, idOf(name));
      return timer && toSchedule(timer);
    },
    async list(queue, limit, cursor) {
      const page = await timers.list(queue, SCHEDULES, limit, cursor === undefined ? cursor : idOf(cursor));
      const schedules = page.timers.map(toSchedule);
      const last = schedules.at(-1);
      return { schedules, ...(page.more && last && { cursor: last.name }) };
    },
    async remove(queue, name) {
      return change(queue, idOf(name), ({ id, revision }) => timers.remove(queue, id, revision));
    },
  };
}

function laterId({ task, hash }: Pick<LaterMessage, 'task' | 'hash'>): string {
  return `${DELAYED_TASKS}${task}#${hash}`;
}

/**
 * A rate fires at once when it is made, as in AWS.
 * @param resumedAt (ms) what a pause has passed over is not made up for
 */
function firstDue(schedule: Schedule, resumedAt = schedule.createdAt - 1): number | undefined {
  return schedule.enabled ? readExpression(schedule).after(resumedAt) : undefined;
}

function toSchedule({ id, what }: Timer): Schedule {
  if ('schedule' in what) return what.schedule;
  throw new Error(`${id} is no schedule`);
}
