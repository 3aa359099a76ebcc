import * as z from 'zod';
import { scheduleSpecSchema } from './schedule-spec.ts';
import { taskSpecShape } from './shapes.ts';

const time = z.iso.datetime();

const example = {
  name: 'nightly-report',
  expression: 'cron(0 2 * * ? *)',
  timezone: 'Europe/Berlin',
  task: { command: 'report --day yesterday' },
};

/** The body that makes a schedule. */
export const scheduleSpecShape = scheduleSpecSchema
  .extend({ task: taskSpecShape })
  .meta({ id: 'ScheduleSpec', example });

export const scheduleShape = z
  .strictObject({
    name: z.string(),
    queue: z.string(),
    expression: z.string(),
    timezone: z.string(),
    startAt: time.optional(),
    endAt: time.optional(),
    enabled: z.boolean(),
    createdAt: time,
    nextAt: time.optional().describe('when it fires next; not told of a rate without `startAt`'),
    task: taskSpecShape,
  })
  .meta({
    id: 'Schedule',
    example: {
      ...example,
      queue: 'default',
      enabled: true,
      createdAt: '2026-03-01T09:30:00.000Z',
      nextAt: '2026-03-02T01:00:00.000Z',
    },
  });

export const scheduleListShape = z
  .strictObject({
    schedules: z.array(scheduleShape).readonly(),
    cursor: z.string().optional().describe('for the next page; absent at the end'),
  })
  .meta({ id: 'ScheduleList', example: { schedules: [] } });

export const scheduleNameShape = z
  .strictObject({ queue: z.string(), name: z.string() })
  .meta({ id: 'ScheduleName', example: { queue: 'default', name: 'nightly-report' } });
