import * as z from 'zod';
import { MillraceError } from '../core/errors.ts';
import { firingMessage } from '../core/firing.ts';
import type { QueueDefinition } from '../core/queue-definition.ts';
import {
  assertScheduleName,
  isSameSchedule,
  isScheduleName,
  unknownSchedule,
  type Schedule,
  type ScheduleView,
} from '../core/schedule.ts';
import type { Ports } from '../core/ports.ts';
import type { Scheduler } from '../core/scheduler.ts';
import { byteLength, parseTaskSpec } from '../core/task-spec.ts';
import { iso } from '../core/task-view.ts';
import { assertFires, readExpression } from './schedule-expression.ts';
import { scheduleSpecSchema } from './schedule-spec.ts';

export function toScheduleView(schedule: Schedule, now: number): ScheduleView {
  const { name, queue, expression, timezone, startAt, endAt, enabled, createdAt, task } = schedule;
  const isKnown = enabled && (startAt !== undefined || !expression.startsWith('rate'));
  const next = isKnown ? readExpression(schedule).after(now) : undefined;
  return {
    name,
    queue,
    expression,
    timezone,
    ...(startAt !== undefined && { startAt: iso(startAt) }),
    ...(endAt !== undefined && { endAt: iso(endAt) }),
    enabled,
    createdAt: iso(createdAt),
    ...(next !== undefined && { nextAt: iso(next) }),
    task,
  };
}

/** unknown → Schedule, its expression read, though it may have fired for the last time. @throws MillraceError `invalid_schedule`, `invalid_task` */
export function parseSchedule(value: unknown, definition: QueueDefinition, now: number): Schedule {
  const parsed = scheduleSpecSchema.safeParse(value);
  if (!parsed.success) throw notASchedule(z.prettifyError(parsed.error).replaceAll('\n', ' '));
  const { name, expression, timezone, startAt, endAt } = parsed.data;
  assertScheduleName(name);
  const task = parseTaskSpec(parsed.data.task, definition.program !== undefined);
  if (task.delaySeconds !== undefined) {
    throw notASchedule('its expression says when the task runs: the task has no delaySeconds');
  }
  const schedule: Schedule = {
    queue: definition.name,
    name,
    expression: expression.trim(),
    timezone,
    startAt: wholeSecond(startAt),
    endAt: wholeSecond(endAt),
    task,
    enabled: true,
    createdAt: now,
  };
  readExpression(schedule);
  return schedule;
}

/**
 * Makes a schedule. The same again changes nothing, and does not let a paused one go on.
 * @throws MillraceError `content_conflict` when another has the name, unless `replace`; `invalid_schedule`, `too_large`
 */
export async function putSchedule(
  ports: Pick<Ports, 'clock' | 'digest'>,
  scheduler: Scheduler,
  schedule: Schedule,
  replace: boolean,
): Promise<{ schedule: Schedule; created: boolean }> {
  const { queue, name } = schedule;
  // Asked first: what fired for the last time a moment ago is the same schedule still.
  const there = await scheduler.read(queue, name);
  if (there && isSameSchedule(there, schedule)) return { schedule: there, created: false };
  assertFires(schedule, ports.clock());
  assertFits(ports, scheduler, schedule);
  if (!there) {
    const other = await scheduler.create(schedule);
    if (!other) return { schedule, created: true };
    if (isSameSchedule(other, schedule)) return { schedule: other, created: false };
  }
  if (!replace) throw otherContent(queue, name);
  if (await scheduler.replace(schedule)) return { schedule, created: false };
  await scheduler.create(schedule); // removed just now
  return { schedule, created: true };
}

/** @throws MillraceError `unknown_schedule` */
export async function findSchedule(scheduler: Scheduler, queue: string, name: string): Promise<Schedule> {
  const schedule = isScheduleName(name) && (await scheduler.read(queue, name));
  if (schedule) return schedule;
  throw unknownSchedule(queue, name);
}

/** @throws MillraceError `unknown_schedule` */
export async function removeSchedule(scheduler: Scheduler, queue: string, name: string): Promise<void> {
  if (isScheduleName(name) && (await scheduler.remove(queue, name))) return;
  throw unknownSchedule(queue, name);
}

/** Pauses it, or lets it go on; what it has missed is not made up for. @throws MillraceError `unknown_schedule` */
export async function enableSchedule(
  scheduler: Scheduler,
  queue: string,
  name: string,
  enabled: boolean,
): Promise<Schedule> {
  const schedule = await findSchedule(scheduler, queue, name);
  if (schedule.enabled === enabled) return schedule;
  const changed = { ...schedule, enabled };
  if (await scheduler.replace(changed)) return changed;
  throw unknownSchedule(queue, name);
}

/** Times of a scheduler are whole seconds. */
function wholeSecond(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Math.floor(Date.parse(text) / 1000) * 1000;
}

/** Long content of a task goes beside its row; a schedule has none, and its tasks have theirs only when they are run. */
function assertFits(ports: Pick<Ports, 'digest'>, scheduler: Scheduler, schedule: Schedule): void {
  const bytes = byteLength(firingMessage(ports.digest, schedule, iso(0)).body);
  if (bytes <= scheduler.maxBodyBytes) return;
  throw new MillraceError('too_large', 'The task is too large for a schedule.', {
    expected: `at most ${scheduler.maxBodyBytes} bytes as JSON`,
    got: `${bytes} bytes`,
    hint: 'Put the data where the program can fetch it, and pass its address.',
  });
}

function otherContent(queue: string, name: string): MillraceError {
  return new MillraceError('content_conflict', `Queue ${queue} has another schedule named ${name}.`, {
    expected: 'the same expression, times and task as before, or a name of its own',
    got: 'another content under this name',
    hint: 'Choose another name, or put it in the place of the other: ?replace=true, or --replace.',
  });
}

function notASchedule(detail: string): MillraceError {
  return new MillraceError('invalid_schedule', `This is not a schedule: ${detail}.`, {
    expected:
      '{"name": "…", "expression": "rate(5 minutes)", "task": {"command": "…"}}, with timezone, startAt, endAt as wanted',
    got: 'something else',
    hint: 'Correct what is named and send it again; docs/schedules.md has examples.',
  });
}
