import type * as z from 'zod';
import { MillraceError } from './errors.ts';
import { describeIssues, handlerNameSchema } from './task-spec.ts';

/** What a handler is given beside its arguments. */
export interface TaskContext {
  readonly taskId: string;
  readonly queue: string;
  /** From 1. */
  readonly attempt: number;
  /** Aborted on timeout, cancel and shutdown; a grace later the handler's process is killed. */
  readonly signal: AbortSignal;
  /** Lines for the worker's log and the task's STDOUT and STDERR; `console.log` does the same. */
  readonly log: {
    readonly info: (...values: unknown[]) => void;
    readonly error: (...values: unknown[]) => void;
  };
  /** Shown with the task from the next heartbeat on. @param percent 0 to 100 */
  readonly progress: (percent: number, message?: string) => void;
}

/** A named handler: callers and workers share it, so that arguments are checked at both ends. */
export interface TaskDefinition<Args = unknown, Result = unknown> {
  readonly name: string;
  readonly args: z.ZodType<unknown, Args>;
  readonly result?: z.ZodType<Result> | undefined;
  /** For calls that do not say their own. */
  readonly timeoutSeconds?: number | undefined;
  readonly maxAttempts?: number | undefined;
  run(args: unknown, context: TaskContext): Promise<Result> | Result;
}

/**
 * Defines a named handler: the default export of a file in `tasks/`.
 * @param definition.args what callers may send; the handler gets what it parses to
 * @param definition.result checked when the handler returns; what it returns is stored as JSON
 * @throws MillraceError `invalid_task` for a name that no message could carry
 */
export function defineTask<Schema extends z.ZodType, Result>(definition: {
  readonly name: string;
  readonly args: Schema;
  readonly result?: z.ZodType<Result>;
  readonly timeoutSeconds?: number;
  readonly maxAttempts?: number;
  run(args: z.output<Schema>, context: TaskContext): Promise<Result> | Result;
}): TaskDefinition<z.input<Schema>, Result> {
  const name = handlerNameSchema.safeParse(definition.name);
  if (!name.success) {
    throw new MillraceError('invalid_task', `This is no name for a handler: ${describeIssues(name.error)}.`, {
      expected: 'for example delayed_add',
      got: String(definition.name),
      hint: 'Give the definition another name.',
    });
  }
  // Its `run` takes what `args` parses to, and that is what it is called with.
  return definition as unknown as TaskDefinition<z.input<Schema>, Result>;
}

/** Thrown by a handler, it makes the task FAILED at once: another attempt would end the same way. */
export class NonRetryableError extends Error {
  override readonly name = 'NonRetryableError';
}
