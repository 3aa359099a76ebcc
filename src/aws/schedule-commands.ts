import type {
  CreateScheduleCommandInput,
  GetScheduleCommandOutput,
  UpdateScheduleCommandInput,
} from '@aws-sdk/client-scheduler';
import * as z from 'zod';
import { SCHEDULER_TRIES_MS } from '../core/limits.ts';
import type { Digest, OutgoingMessage } from '../core/ports.ts';
import { firingMessage } from '../core/firing.ts';
import type { Schedule } from '../core/schedule.ts';
import type { LaterMessage } from '../core/scheduler.ts';
import { taskSpecSchema } from '../core/task-spec.ts';
import type { SchedulerConfig } from './scheduler-config.ts';
import { VERSION_ATTRIBUTE } from './sqs-message-queue.ts';

/**
 * Any request of SQS, with its parameters as Input. The target made for SQS cannot set message attributes, and the
 * version of an envelope is one. https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-universal.html
 */
const SEND_MESSAGE = 'arn:aws:scheduler:::aws-sdk:sqs:sendMessage';
/** https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html */
const SCHEDULED_TIME = '<aws.scheduler.scheduled-time>';
/** As long as it tries at all, some 185 times. */
const RETRY = { MaximumEventAgeInSeconds: SCHEDULER_TRIES_MS / 1000, MaximumRetryAttempts: 185 };
const HASH_CHARS = 8;

type Digests = { readonly digest: Digest };

/** Names have 64 characters, and are told apart by their beginning: of one task, or of a queue's schedules. */
export function laterName({ task, hash }: Pick<LaterMessage, 'task' | 'hash'>): string {
  return `t.${task}.${hash.slice(0, HASH_CHARS)}`;
}

export function queuePrefix({ digest }: Digests, queue: string): string {
  return `s.${digest(queue).slice(0, HASH_CHARS)}.`;
}

/** One message at one time; it deletes itself when that is sent. */
export function buildCreateLater(
  config: SchedulerConfig,
  queueUrl: string,
  later: LaterMessage,
): CreateScheduleCommandInput {
  return {
    Name: laterName(later),
    GroupName: config.group,
    Description: `Millrace: task ${later.task} of queue ${later.queue}`,
    // Rounded up: the message's own time holds, and one that comes too early has to be put back.
    ScheduleExpression: `at(${new Date(Math.ceil(later.at / 1000) * 1000).toISOString().slice(0, 19)})`,
    ScheduleExpressionTimezone: 'UTC',
    ActionAfterCompletion: 'DELETE',
    FlexibleTimeWindow: { Mode: 'OFF' },
    Target: toTarget(config, toInput(queueUrl, later.message)),
  };
}

/** Creates and updates alike: an update replaces all that there is. */
export function buildSchedule(
  config: SchedulerConfig,
  queueUrl: string,
  schedule: Schedule,
  { digest }: Digests,
): CreateScheduleCommandInput & UpdateScheduleCommandInput {
  const { queue, name, expression, timezone, startAt, endAt, enabled } = schedule;
  const { body, ...rest } = firingMessage(digest, schedule, '');
  const input = toInput(queueUrl, { ...rest, body });
  return {
    Name: `${queuePrefix({ digest }, queue)}${name}`,
    GroupName: config.group,
    Description: `Millrace: schedule ${name} of queue ${queue}`,
    ScheduleExpression: expression,
    ScheduleExpressionTimezone: timezone,
    StartDate: startAt === undefined ? undefined : new Date(startAt),
    EndDate: endAt === undefined ? undefined : new Date(endAt),
    State: enabled ? 'ENABLED' : 'DISABLED',
    ActionAfterCompletion: 'DELETE',
    FlexibleTimeWindow: { Mode: 'OFF' },
    // The first empty time in it is the envelope's own: only the key of the schedule, a digest, goes before.
    Target: toTarget(config, input.replace('\\"at\\":\\"\\"', `\\"at\\":\\"${SCHEDULED_TIME}\\"`)),
  };
}

function toTarget(config: SchedulerConfig, Input: string): CreateScheduleCommandInput['Target'] {
  return {
    Arn: SEND_MESSAGE,
    RoleArn: config.roleArn,
    Input,
    RetryPolicy: RETRY,
    DeadLetterConfig: { Arn: config.deadLetterArn },
  };
}

/** The parameters of a SendMessage. What a caller wrote is not taken for a keyword of the scheduler. */
function toInput(QueueUrl: string, { body, version, tenant }: OutgoingMessage): string {
  return JSON.stringify({
    QueueUrl,
    MessageBody: body.replaceAll('<aws.scheduler.', '\\u003caws.scheduler.'),
    ...(version !== undefined && {
      MessageAttributes: { [VERSION_ATTRIBUTE]: { DataType: 'String', StringValue: version } },
    }),
    ...(tenant !== undefined && { MessageGroupId: tenant }),
  });
}

const inputSchema = z.object({ MessageBody: z.string() });
const firingSchema = z.object({ content: z.object({ task: taskSpecSchema }) });

/** What GetSchedule tells → the schedule. @throws Error when it is none of ours */
export function toSchedule(queue: string, name: string, got: GetScheduleCommandOutput): Schedule {
  const { MessageBody: body } = inputSchema.parse(JSON.parse(got.Target?.Input ?? '{}'));
  return {
    queue,
    name,
    expression: got.ScheduleExpression ?? '',
    timezone: got.ScheduleExpressionTimezone ?? 'UTC',
    startAt: got.StartDate?.getTime(),
    endAt: got.EndDate?.getTime(),
    enabled: got.State !== 'DISABLED',
    createdAt: got.CreationDate?.getTime() ?? 0,
    task: firingSchema.parse(JSON.parse(body)).content.task,
  };
}
