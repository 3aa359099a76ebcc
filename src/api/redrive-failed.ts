import type { Ending } from '../core/claimant.ts';
import { MillraceError } from '../core/errors.ts';
import { listTasks } from '../core/list-tasks.ts';
import { redriveTask } from '../core/redrive.ts';
import { iso, type TaskView } from '../core/task-view.ts';

const MAX_TASKS = 500;
const MAX_MS = 20_000; // an answer through API Gateway must come within 30 s
const AT_ONCE = 10;

/**
 * Redrives the FAILED tasks of a queue, those that failed first before others, as many as one request has time
 * for. One that fails again meanwhile is not redriven a second time.
 */
export async function redriveFailed(
  ending: Ending,
): Promise<{ redriven: number; skipped: number; more: boolean }> {
  const { ports, definition } = ending;
  const startedAt = ports.clock();
  const until = startedAt + MAX_MS;
  const hasFailedBefore = ({ endedAt }: TaskView) => endedAt === undefined || endedAt <= iso(startedAt);
  let redriven = 0;
  let skipped = 0;
  let cursor: string | undefined;
  do {
    const page = await listTasks(ports, definition, {
      state: 'FAILED',
      limit: AT_ONCE,
      newestFirst: false,
      cursor,
    });
    const tasks = page.tasks.filter(hasFailedBefore);
    const done = await Promise.all(tasks.map(({ id }) => tryRedrive(ending, id)));
    redriven += done.filter(Boolean).length;
    skipped += done.filter((isDone) => !isDone).length;
    cursor = tasks.length === page.tasks.length ? page.cursor : undefined;
  } while (cursor !== undefined && redriven + skipped < MAX_TASKS && ports.clock() < until);
  return { redriven, skipped, more: cursor !== undefined };
}

/** False for a task that cannot be redriven now: one such task must not keep the others from it. */
async function tryRedrive(ending: Ending, id: string): Promise<boolean> {
  try {
    await redriveTask(ending, id);
    return true;
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error;
    ending.ports.log.warn({ err: error, taskId: id }, 'a task was not redriven');
    return false;
  }
}
