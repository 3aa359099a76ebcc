import { MillraceError } from '../core/errors.ts';
import type { TaskView } from '../core/task-view.ts';
import type { Session } from './open-session.ts';
import { printJson } from './output/print-json.ts';
import { exitCodeOf, showError } from './output/show-error.ts';
import { tasksTable } from './output/task-text.ts';

/**
 * Does the same to several tasks, one after the other. One that fails does not stop the others; the exit code is
 * that of the first failure.
 * @returns those that it was done to
 */
export async function doForEach(
  session: Session,
  ids: readonly string[],
  act: (id: string) => Promise<TaskView>,
): Promise<readonly TaskView[]> {
  const { context, json, paint } = session;
  const tasks: TaskView[] = [];
  let exitCode = 0;
  for (const id of ids) {
    try {
      tasks.push(await act(id));
    } catch (error) {
      if (!(error instanceof MillraceError) || error.code === 'unavailable') throw error;
      showError(context, error);
      exitCode ||= exitCodeOf(error);
    }
  }
  if (json) printJson(context, { tasks });
  else if (tasks.length > 0) context.stdout.write(`${tasksTable(tasks, paint, context.stdout.columns)}\n`);
  context.setExitCode(exitCode);
  return tasks;
}
