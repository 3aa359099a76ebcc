import { readTask } from '../core/read-task.ts';
import { isTerminal } from '../core/task-states.ts';
import type { TaskView } from '../core/task-view.ts';
import type { ApiDeps } from './api-deps.ts';

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1000;

/**
 * A task once it has ended, or as it is when the time is over or nobody waits any more. Looks at its row alone,
 * with growing pauses.
 * @throws MillraceError `unknown_task`
 */
export async function waitForEnd(
  deps: Pick<ApiDeps, 'ports' | 'sleep'>,
  id: string,
  waitMs: number,
  signal: AbortSignal,
): Promise<TaskView> {
  const { ports, sleep } = deps;
  const until = ports.clock() + waitMs;
  const task = await readTask(ports, id);
  if (isTerminal(task.state)) return task;
  let pauseMs = FIRST_PAUSE_MS;
  for (let leftMs = waitMs; leftMs > 0 && !signal.aborted; leftMs = until - ports.clock()) {
    await sleep(Math.min(pauseMs, leftMs), signal);
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
    const row = await ports.tasks.show(id);
    if (row && isTerminal(row.state)) break;
  }
  return readTask(ports, id);
}
