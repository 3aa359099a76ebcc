import type { TaskContent } from './envelope.ts';
import type { TaskOutput } from './ports.ts';
import type { TaskRow } from './task-row.ts';
import { describeIssues, taskSpecSchema } from './task-spec.ts';
import type { StepSpec } from './workflow-row.ts';

/** What ended tasks hand on: as a value, and as the text that goes to a STDIN. */
export interface HandedOn {
  readonly value: unknown;
  readonly text: string;
}

/** The result of a task, or else the end of its STDOUT; undefined when it left neither. */
export function handedOn(row: TaskRow, output: TaskOutput | undefined): HandedOn | undefined {
  const { result, stdout } = output && output.attempt === row.outputOf ? output : row;
  if (result !== undefined) return { value: JSON.parse(result) as unknown, text: result };
  return stdout ? { value: stdout, text: stdout } : undefined;
}

/** What the members of a set hand on, in their order; null for one that left nothing. */
export function handedOnByAll(values: readonly unknown[]): HandedOn {
  return { value: values, text: JSON.stringify(values) };
}

/**
 * A step with what the one before it handed on. What a step says itself stands; what it is handed fills the
 * argument that `into` names, or else what it has left open: the `args` of a handler, the `input` of a program.
 */
export function feedStep(step: StepSpec, given: HandedOn | undefined): TaskContent {
  const { into, ...spec } = step;
  const fed = taskSpecSchema.safeParse({ ...spec, ...toFeed(step, into, given) });
  if (fed.success) return { task: fed.data };
  return refuseFeed(step, `what it was handed does not do: ${describeIssues(fed.error)}`);
}

/** A step that cannot be fed: it becomes a FAILED task, with this for its reason. */
export function refuseFeed({ into: _into, ...task }: StepSpec, refused: string): TaskContent {
  return { task, refused };
}

function toFeed(step: StepSpec, into: string | undefined, given: HandedOn | undefined): Partial<StepSpec> {
  if (step.handler === undefined) {
    if (step.input !== undefined) return {};
    const isForQueueProgram = step.command === undefined && step.argv === undefined;
    return given || isForQueueProgram ? { input: given?.text ?? '' } : {};
  }
  if (into !== undefined) return { args: { ...(step.args as object), [into]: given?.value ?? null } };
  return step.args === undefined && given ? { args: given.value } : {};
}
