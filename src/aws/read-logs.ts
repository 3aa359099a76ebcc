import {
  CloudWatchLogsClient,
  FilterLogEventsCommand,
  type FilteredLogEvent,
} from '@aws-sdk/client-cloudwatch-logs';
import type { AwsAccess } from './aws-access.ts';
import { toAwsProblem } from './aws-problem.ts';

/** A line that a program wrote. */
export interface LogLine {
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
}

/** Where a task's lines are to be found. */
export interface LogPlace {
  readonly logGroup: string;
  readonly queue: string;
  readonly taskId: string;
  /** When the task was created, in ms: nothing of it is older. */
  readonly sinceMs: number;
}

/** Events reach the index out of order, and some seconds late: each look begins so much before the last one seen. */
const OVERLAP_MS = 15_000;

/** The output of one task in the workers' log; remembers what it has given. */
export interface TaskLog {
  /** The lines that have come since the last call, in the order of their time. @throws MillraceError */
  next(signal: AbortSignal): Promise<readonly LogLine[]>;
  close(): void;
}

/** Reads what workers on Fargate wrote to CloudWatch Logs about one task. */
export function openTaskLog(place: LogPlace, access: AwsAccess): TaskLog {
  const client = new CloudWatchLogsClient({ ...access, maxAttempts: 5 });
  const seen = new Set<string>();
  let fromMs = place.sinceMs;

  const readAll = async (signal: AbortSignal): Promise<FilteredLogEvent[]> => {
    const events: FilteredLogEvent[] = [];
    let nextToken: string | undefined;
    do {
      const command = new FilterLogEventsCommand({ ...toFilter(place), startTime: fromMs, nextToken });
      const page = await client.send(command, { abortSignal: signal });
      events.push(...(page.events ?? []));
      nextToken = page.nextToken;
    } while (nextToken !== undefined);
    return events;
  };

  return {
    async next(signal) {
      const events = await readAll(signal).catch((error: unknown) => {
        signal.throwIfAborted();
        throw toAwsProblem(error, `read the log group ${place.logGroup}`);
      });
      const fresh = events.filter(({ eventId = '' }) => !seen.has(eventId));
      for (const { eventId = '', timestamp = 0 } of fresh) {
        seen.add(eventId);
        fromMs = Math.max(fromMs, timestamp - OVERLAP_MS);
      }
      fresh.sort((a, b) => (a.timestamp ?? 0) - (b.timestamp ?? 0));
      return fresh.flatMap(({ message = '' }) => parseLogLine(message, place.taskId) ?? []);
    },
    close: () => client.destroy(),
  };
}

/** The id as a phrase: the service then looks for it in the raw lines, and parseLogLine sorts out the rest. */
function toFilter({ logGroup, queue, taskId }: LogPlace) {
  return { logGroupName: logGroup, logStreamNamePrefix: `${queue}/`, filterPattern: JSON.stringify(taskId) };
}

/** A line of a worker's log; undefined when it is no output of this task's program. */
export function parseLogLine(message: string, taskId: string): LogLine | undefined {
  let entry: { taskId?: unknown; stream?: unknown; msg?: unknown };
  try {
    entry = JSON.parse(message) as typeof entry;
  } catch {
    return undefined; // of the runtime, not of the worker's logger
  }
  if (entry.taskId !== taskId || typeof entry.msg !== 'string') return undefined;
  if (entry.stream !== 'stdout' && entry.stream !== 'stderr') return undefined;
  return { stream: entry.stream, text: entry.msg };
}
