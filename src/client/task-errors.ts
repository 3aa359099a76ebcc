import { MillraceError } from '../core/errors.ts';
import type { WorkflowView } from '../core/read-workflow.ts';
import type { FailureReason } from '../core/task-states.ts';
import type { TaskView } from '../core/task-view.ts';

/** A task whose result was asked for FAILED: `reason` says why, `task` all that is known of it. */
export class TaskFailedError extends MillraceError {
  readonly reason: FailureReason | undefined;
  /** Undefined for a set whose members FAILED: `workflow` counts them. */
  readonly task: TaskView | undefined;
  readonly workflow: WorkflowView | undefined;

  constructor(task: TaskView | undefined, workflow?: WorkflowView) {
    const why = task?.error ?? (task?.exitCode === undefined ? task?.signal : `exit code ${task.exitCode}`);
    const about = [task?.reason, why].filter((part) => part !== undefined).join(', ');
    super('task_failed', `${nameOf(task, workflow)} FAILED${about && ` (${about})`}.`, {
      hint: 'Look at what it wrote; redrive the task to run it again.',
    });
    this.name = 'TaskFailedError';
    this.reason = task?.reason;
    this.task = task;
    this.workflow = workflow;
  }
}

/** A task whose result was asked for was CANCELLED. */
export class TaskCancelledError extends MillraceError {
  readonly task: TaskView | undefined;
  readonly workflow: WorkflowView | undefined;

  constructor(task: TaskView | undefined, workflow?: WorkflowView) {
    super('task_cancelled', `${nameOf(task, workflow)} was CANCELLED.`, {
      hint: 'Enqueue it anew to run it.',
    });
    this.name = 'TaskCancelledError';
    this.task = task;
    this.workflow = workflow;
  }
}

/** It has not ended in time; it goes on. */
export function notInTime(what: string, state: string, timeoutMs: number): MillraceError {
  return new MillraceError('timeout', `${what} has not ended within ${timeoutMs} ms: it goes on.`, {
    expected: 'its end',
    got: state,
    hint: 'Wait longer, or ask for its result later; cancel it if nobody needs it any more.',
  });
}

function nameOf(task: TaskView | undefined, workflow: WorkflowView | undefined): string {
  const what = workflow && `${workflow.kind} ${workflow.id}`;
  if (!task) return `A task of ${what ?? 'it'}`;
  return what === undefined ? `Task ${task.id}` : `Task ${task.id} of ${what}`;
}
