import {
  ConflictException,
  CreateScheduleCommand,
  DeleteScheduleCommand,
  GetScheduleCommand,
  ListSchedulesCommand,
  ResourceNotFoundException,
  SchedulerClient,
  UpdateScheduleCommand,
  ValidationException,
} from '@aws-sdk/client-scheduler';
import { MillraceError } from '../core/errors.ts';
import type { Digest } from '../core/ports.ts';
import type { Schedule } from '../core/schedule.ts';
import type { Scheduler } from '../core/scheduler.ts';
import { MAX_BODY_BYTES, type SchedulerConfig } from './scheduler-config.ts';
import { buildCreateLater, buildSchedule, laterName, queuePrefix, toSchedule } from './schedule-commands.ts';

/** A list asks for each schedule by itself: so many at once. */
const READS_AT_ONCE = 10;
const MAX_RACES = 3;

/** The API waits for its answer, and is given 29 s in all. */
export function makeSchedulerClient(endpoint?: string): SchedulerClient {
  return new SchedulerClient({
    ...(endpoint !== undefined && { endpoint }),
    requestHandler: { connectionTimeout: 2000, requestTimeout: 8000, throwOnRequestTimeout: true },
  });
}

/**
 * EventBridge Scheduler is all that knows of a deployed stack's schedules: there is no second record of them that
 * could say something else.
 * @param queueUrl of the SQS queue of a queue
 */
export function makeEventBridgeScheduler(
  client: Pick<SchedulerClient, 'send'>,
  config: SchedulerConfig,
  queueUrl: (queue: string) => Promise<string>,
  digest: Digest,
): Scheduler {
  const GroupName = config.group;
  const nameOf = (queue: string, name: string) => `${queuePrefix({ digest }, queue)}${name}`;
  const urls = new Map<string, string>();
  const urlOf = async (queue: string): Promise<string> => {
    const url = urls.get(queue) ?? (await queueUrl(queue));
    urls.set(queue, url);
    return url;
  };
  const read = async (queue: string, name: string): Promise<Schedule | undefined> => {
    const command = new GetScheduleCommand({ GroupName, Name: nameOf(queue, name) });
    const got = await unlessMissing(() => client.send(command));
    return got && toSchedule(queue, name, got);
  };
  return {
    maxBodyBytes: MAX_BODY_BYTES,
    async sendLater(later) {
      const input = buildCreateLater(config, await urlOf(later.queue), later);
      try {
        await client.send(new CreateScheduleCommand(input));
      } catch (error) {
        if (!(error instanceof ConflictException)) throw error; // else it is there already
      }
    },
    async dropLater(later) {
      const command = new DeleteScheduleCommand({ GroupName, Name: laterName(later) });
      await unlessMissing(() => client.send(command));
    },
    async create(schedule) {
      const input = buildSchedule(config, await urlOf(schedule.queue), schedule, { digest });
      for (let race = 0; ; race += 1) {
        try {
          await client.send(new CreateScheduleCommand(input));
          return undefined;
        } catch (error) {
          if (!(error instanceof ConflictException) || race === MAX_RACES) throw toProblem(error, schedule);
          const there = await read(schedule.queue, schedule.name);
          if (there) return there; // else it was deleted just now
        }
      }
    },
    async replace(schedule) {
      const input = buildSchedule(config, await urlOf(schedule.queue), schedule, { digest });
      const done = await unlessMissing(() => client.send(new UpdateScheduleCommand(input))).catch(
        (error: unknown) => {
          throw toProblem(error, schedule);
        },
      );
      return done !== undefined;
    },
    read,
    async list(queue, limit, cursor) {
      const prefix = queuePrefix({ digest }, queue);
      const command = { GroupName, NamePrefix: prefix, MaxResults: limit, NextToken: cursor };
      const page = await client.send(new ListSchedulesCommand(command)).catch((error: unknown) => {
        throw cursor !== undefined && error instanceof ValidationException ? noCursor(cursor, error) : error;
      });
      const names = (page.Schedules ?? []).map(({ Name: name = '' }) => name.slice(prefix.length));
      const schedules: Schedule[] = [];
      for (let at = 0; at < names.length; at += READS_AT_ONCE) {
        const found = await Promise.all(names.slice(at, at + READS_AT_ONCE).map((name) => read(queue, name)));
        schedules.push(...found.filter((schedule) => schedule !== undefined));
      }
      return { schedules, ...(page.NextToken !== undefined && { cursor: page.NextToken }) };
    },
    async remove(queue, name) {
      const command = new DeleteScheduleCommand({ GroupName, Name: nameOf(queue, name) });
      return (await unlessMissing(() => client.send(command))) !== undefined;
    },
  };
}

async function unlessMissing<T>(send: () => Promise<T>): Promise<T | undefined> {
  try {
    return await send();
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return undefined;
    throw error;
  }
}

/** What passed the checks here and not those of EventBridge is told as it says it. */
function toProblem(error: unknown, { expression }: Schedule): unknown {
  if (!(error instanceof ValidationException)) return error;
  return new MillraceError('invalid_schedule', `EventBridge Scheduler refuses this: ${error.message}`, {
    expected: 'an expression, start and end that it takes',
    got: expression,
    hint: 'Correct what it names.',
    cause: error,
  });
}

function noCursor(cursor: string, cause: unknown): MillraceError {
  return new MillraceError('invalid_request', 'This cursor is none of ours.', {
    got: cursor.slice(0, 80),
    hint: 'Use the `cursor` of the page before, unchanged, or leave it out to start anew.',
    cause,
  });
}
