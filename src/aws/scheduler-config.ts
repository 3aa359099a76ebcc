import * as z from 'zod';
import { MAX_SCHEDULE_INPUT_BYTES } from '../core/limits.ts';

const OVERHEAD_BYTES = 1024; // of the Input: queue, attributes
const ESCAPES = 2; // the body is JSON in JSON: at worst, each of its characters is escaped

/** The longest body of a message that EventBridge Scheduler keeps. */
export const MAX_BODY_BYTES = (MAX_SCHEDULE_INPUT_BYTES - OVERHEAD_BYTES) / ESCAPES;

/** What the stack has made for its schedules: MILLRACE_SCHEDULER. */
export interface SchedulerConfig {
  /** Name of the schedule group. */
  readonly group: string;
  /** That EventBridge Scheduler takes on to send messages. */
  readonly roleArn: string;
  /** Where it leaves what it could not send. */
  readonly deadLetterArn: string;
}

const configSchema = z.strictObject({
  group: z.string().min(1),
  roleArn: z.string().min(1),
  deadLetterArn: z.string().min(1),
});

/** @throws Error when the text is none */
export function parseSchedulerConfig(text: string): SchedulerConfig {
  try {
    return configSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new Error('MILLRACE_SCHEDULER: expected JSON with group, roleArn and deadLetterArn', { cause });
  }
}
