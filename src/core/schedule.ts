import { MillraceError } from './errors.ts';
import { canonicalContent, type TaskSpec } from './task-spec.ts';

/** What makes tasks by the clock. Times in ms. */
export interface Schedule {
  readonly queue: string;
  readonly name: string;
  /** `rate(…)`, `cron(…)` or `at(…)`, as EventBridge Scheduler reads them. */
  readonly expression: string;
  /** IANA name in which `cron` and `at` are read. */
  readonly timezone: string;
  /** It fires not before, and not after; whole seconds. */
  readonly startAt?: number | undefined;
  readonly endAt?: number | undefined;
  readonly task: TaskSpec;
  readonly enabled: boolean;
  readonly createdAt: number;
}

/** What makes a schedule, as the API takes it. Times are ISO 8601. */
export interface ScheduleSpec {
  readonly name: string;
  readonly expression: string;
  /** UTC unless told. */
  readonly timezone?: string;
  readonly startAt?: string;
  readonly endAt?: string;
  readonly task: TaskSpec;
}

/** A schedule as API and `--json` show it. */
export interface ScheduleView {
  name: string;
  queue: string;
  expression: string;
  timezone: string;
  startAt?: string;
  endAt?: string;
  enabled: boolean;
  createdAt: string;
  /** When it fires next; not told of a rate without `startAt`, whose rhythm its scheduler keeps to itself. */
  nextAt?: string;
  task: Schedule['task'];
}

/** Whether a schedule can have this name. */
export function isScheduleName(name: string): boolean {
  return NAME.test(name);
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,49}$/;

/** EventBridge Scheduler takes names of 64 characters, of which some tell the queue. @throws MillraceError `invalid_schedule` */
export function assertScheduleName(name: string): void {
  if (isScheduleName(name)) return;
  throw new MillraceError('invalid_schedule', 'This cannot be the name of a schedule.', {
    expected: '1 to 50 letters, digits, - and _, starting with a letter or digit',
    got: name.slice(0, 80),
    hint: 'Choose another name.',
  });
}

/** Two schedules of one content fire the same tasks at the same times; whether they are enabled is not part of it. */
export function isSameSchedule(one: Schedule, other: Schedule): boolean {
  return contentOf(one) === contentOf(other);
}

function contentOf({ queue, name, expression, timezone, startAt, endAt, task }: Schedule): string {
  return JSON.stringify([name, expression, timezone, startAt, endAt, canonicalContent(queue, task)]);
}

export function unknownSchedule(queue: string, name: string): MillraceError {
  return new MillraceError(
    'unknown_schedule',
    `Queue ${queue} has no schedule named ${JSON.stringify(name.slice(0, 80))}.`,
    {
      hint: `Look at the list: millrace schedule list ${queue}. A schedule is gone once it cannot fire any more.`,
    },
  );
}
