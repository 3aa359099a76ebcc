import * as z from 'zod';

/** The body that makes a schedule. */
export const scheduleSpecSchema = z.strictObject({
  name: z.string(),
  expression: z
    .string()
    .max(256)
    .describe(
      'rate(5 minutes), cron(0 8 ? * MON-FRI *) or at(2027-01-31T08:00:00), as EventBridge Scheduler has it',
    ),
  timezone: z.string().default('UTC').describe('IANA name in which cron and at are read; UTC unless told'),
  startAt: z.iso.datetime({ offset: true }).optional().describe('it fires not before; not with at'),
  endAt: z.iso.datetime({ offset: true }).optional().describe('it fires not after; not with at'),
  task: z.unknown(),
});
