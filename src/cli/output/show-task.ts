import type { TaskView } from '../../core/task-view.ts';
import type { Session } from '../open-session.ts';
import { printJson } from './print-json.ts';
import { taskText } from './task-text.ts';

/** A task on stdout. */
export function showTask(session: Session, task: TaskView): void {
  if (session.json) printJson(session.context, task);
  else session.context.stdout.write(`${taskText(task, session.paint)}\n`);
}
