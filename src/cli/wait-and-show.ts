import { isTerminal } from '../core/task-states.ts';
import type { TaskView } from '../core/task-view.ts';
import { showTask } from './output/show-task.ts';
import type { Session } from './open-session.ts';

/** As timeout(1) has it. */
export const TIMED_OUT = 124;

/** Waits for the end of a task, shows it, and sets the exit code: 0 SUCCEEDED, 1 FAILED or CANCELLED, 124 neither. */
export async function waitAndShow(session: Session, id: string, timeoutSeconds?: number): Promise<void> {
  const task = await session.client.waitForTask(id, (timeoutSeconds ?? Infinity) * 1000);
  showEnd(session, task, timeoutSeconds);
}

/** The same of a task that has been waited for. */
export function showEnd(session: Session, task: TaskView, timeoutSeconds?: number): void {
  const { context } = session;
  showTask(session, task);
  if (!isTerminal(task.state)) {
    context.stderr.write(`The task has not ended within ${timeoutSeconds} s: it is ${task.state}.\n`);
    context.setExitCode(TIMED_OUT);
  } else if (task.state !== 'SUCCEEDED') {
    context.setExitCode(1);
  }
}
