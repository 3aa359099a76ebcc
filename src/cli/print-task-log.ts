import { setTimeout as delay } from 'node:timers/promises';
import { openTaskLog } from '../aws/read-logs.ts';
import { isTerminal } from '../core/task-states.ts';
import type { TaskView } from '../core/task-view.ts';
import type { Session } from './open-session.ts';
import type { TaskOutput } from './output/task-output.ts';

interface TaskLogRequest {
  readonly id: string;
  readonly logGroup: string;
  readonly follow: boolean;
  readonly output: TaskOutput;
}

/** CloudWatch answers 5 to 10 such requests a second for a whole account: looks that find nothing become rarer. */
const PAUSE_MIN_MS = 1000;
const PAUSE_MAX_MS = 8000;
/** Lines reach CloudWatch some seconds after they were written. */
const LAG_MS = 10_000;

/** Prints what workers on Fargate logged of a task; when that is nothing (any more), the ends kept with the task. */
export async function printTaskLog(session: Session, request: TaskLogRequest): Promise<void> {
  const { client, target, signal } = session;
  const { id, logGroup, follow, output } = request;
  if (!target.deployed) throw new TypeError('expected a deployed stack');
  let task = await client.readTask(id);
  const place = { logGroup, queue: task.queue, taskId: id, sinceMs: Date.parse(task.createdAt) };
  const log = openTaskLog(place, target.deployed.access);
  const print = async (): Promise<number> => {
    const lines = await log.next(signal);
    for (const { stream, text } of lines) output.write(stream, `${text}\n`);
    return lines.length;
  };
  try {
    let printed = await print();
    let pauseMs = PAUSE_MIN_MS;
    let completeAt = Infinity;
    for (;;) {
      if (isTerminal(task.state)) completeAt = Math.min(completeAt, performance.now() + lagLeftMs(task));
      if (!follow || performance.now() >= completeAt) break;
      task = await pause(session, task, pauseMs);
      const fresh = await print();
      printed += fresh;
      pauseMs = fresh > 0 ? PAUSE_MIN_MS : Math.min(pauseMs * 2, PAUSE_MAX_MS);
    }
    if (printed === 0) output.writeTails(task);
  } finally {
    log.close();
  }
}

/** How long lines of an ended task may still be on their way. The clocks of here and there may differ. */
function lagLeftMs({ endedAt, createdAt }: TaskView): number {
  const sinceMs = Date.now() - Date.parse(endedAt ?? createdAt);
  return Math.min(Math.max(0, LAG_MS - sinceMs), LAG_MS);
}

/** Waits so long, or until the task ends. */
async function pause({ client, signal }: Session, task: TaskView, pauseMs: number): Promise<TaskView> {
  if (!isTerminal(task.state)) return client.waitForTask(task.id, pauseMs);
  await delay(Math.min(pauseMs, PAUSE_MAX_MS / 4), undefined, { signal });
  return task;
}
