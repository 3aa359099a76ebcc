import { readWorkflow, type WorkflowView } from '../core/read-workflow.ts';
import { readTask } from '../core/read-task.ts';
import { isTerminal } from '../core/task-states.ts';
import type { TaskView } from '../core/task-view.ts';
import type { ApiDeps } from './api-deps.ts';

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1000;

type Waiting = Pick<ApiDeps, 'ports' | 'sleep'>;

/**
 * A task once it has ended, or as it is when the time is over or nobody waits any more. Looks at its row alone,
 * with growing pauses.
 * @throws MillraceError `unknown_task`
 */
export async function waitForEnd(
  deps: Waiting,
  id: string,
  waitMs: number,
  signal: AbortSignal,
): Promise<TaskView> {
  const { ports } = deps;
  const task = await readTask(ports, id);
  if (isTerminal(task.state)) return task;
  await lookAgain(deps, waitMs, signal, async () => {
    const row = await ports.tasks.show(id);
    return row !== undefined && isTerminal(row.state);
  });
  return readTask(ports, id);
}

/** A chain or a set, likewise. @throws MillraceError `unknown_workflow` */
export async function waitForWorkflow(
  deps: Waiting,
  id: string,
  waitMs: number,
  signal: AbortSignal,
): Promise<WorkflowView> {
  let workflow = await readWorkflow(deps.ports, id);
  if (isTerminal(workflow.state)) return workflow;
  await lookAgain(deps, waitMs, signal, async () => {
    workflow = await readWorkflow(deps.ports, id);
    return isTerminal(workflow.state);
  });
  return workflow;
}

/** Until it is over, the time is, or nobody waits any more. */
async function lookAgain(
  { ports, sleep }: Waiting,
  waitMs: number,
  signal: AbortSignal,
  isOver: () => Promise<boolean>,
): Promise<void> {
  const until = ports.clock() + waitMs;
  let pauseMs = FIRST_PAUSE_MS;
  for (let leftMs = waitMs; leftMs > 0 && !signal.aborted; leftMs = until - ports.clock()) {
    await sleep(Math.min(pauseMs, leftMs), signal);
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
    if (await isOver()) return;
  }
}
