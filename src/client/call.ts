import type * as z from 'zod';
import type { TaskDefinition } from '../core/define-task.ts';
import { MillraceError } from '../core/errors.ts';
import { describeIssues, preview, type TaskSpec } from '../core/task-spec.ts';
import type { StepSpec } from '../core/workflow-row.ts';

/** What a call says besides its arguments. Times in seconds. */
export type CallSettings = Pick<TaskSpec, 'timeoutSeconds' | 'maxAttempts' | 'delaySeconds' | 'tenant'>;

declare const RESULT: unique symbol;

/** Only a type: what a task leaves when it SUCCEEDED, as JSON hands it over. */
export interface Leaves<Result> {
  readonly [RESULT]?: Result;
}

/** A named handler with its arguments: a task that has not been sent yet. */
export type Call<Result> = StepSpec & { readonly handler: string } & Leaves<Result>;

/** What can be enqueued, and what it leaves: unknown of a command. */
export type Enqueueable<Result = unknown> = TaskSpec & Leaves<Result>;
export type Step<Result = unknown> = StepSpec & Leaves<Result>;
export type ResultOf<T> = T extends Leaves<infer Result> ? Result : unknown;

/**
 * A call of a named handler, its arguments checked.
 * @throws MillraceError `invalid_task` when the definition does not take them
 */
export function call<Args, Result>(
  definition: TaskDefinition<Args, Result>,
  args: Args,
  settings: CallSettings = {},
): Call<Result> {
  const parsed = (definition.args as z.ZodType).safeParse(args);
  if (!parsed.success) {
    throw new MillraceError(
      'invalid_task',
      `${definition.name} does not take these arguments: ${describeIssues(parsed.error)}.`,
      {
        expected: `arguments as the definition of ${definition.name} has them`,
        got: preview(args),
        hint: 'Correct the arguments that are named; nothing was sent.',
      },
    );
  }
  // As they were given: the worker parses them, too, and a transform must not be applied twice.
  return { ...settingsOf(definition, settings), handler: definition.name, args };
}

/**
 * A call that what is handed on completes, as a step of a chain or what a set calls: as the argument `into`, or as
 * all its arguments. Its worker checks them when all are there.
 */
export function fed<Args, Result>(
  definition: TaskDefinition<Args, Result>,
  {
    args,
    into,
    ...settings
  }: CallSettings & { readonly args?: Partial<Args>; readonly into?: keyof Args & string } = {},
): Call<Result> {
  return {
    ...settingsOf(definition, settings),
    handler: definition.name,
    ...(args !== undefined && { args }),
    ...(into !== undefined && { into }),
  };
}

function settingsOf(
  { timeoutSeconds, maxAttempts }: Pick<TaskDefinition, 'timeoutSeconds' | 'maxAttempts'>,
  settings: CallSettings,
): CallSettings {
  const all = { timeoutSeconds, maxAttempts, ...settings };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}
