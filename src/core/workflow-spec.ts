import * as z from 'zod';
import type { WorkflowSpec } from './enqueue-workflow.ts';
import { MillraceError } from './errors.ts';
import { MAX_CHAIN_STEPS, MAX_CHUNK_TASKS } from './limits.ts';
import { describeIssues, parseTaskSpec, preview, taskSpecSchema, type TaskSpec } from './task-spec.ts';
import type { StepSpec } from './workflow-row.ts';

const into = z
  .string()
  .regex(
    /^[A-Za-z_][A-Za-z0-9_]{0,99}$/,
    'expected 1 to 100 letters, digits and _, not starting with a digit',
  )
  .refine((name) => name !== '__proto__', 'this name cannot be used')
  .optional()
  .describe('the argument of the handler that gets what was handed on');

/** A task that is fed by others. */
export const stepSpecSchema = taskSpecSchema.extend({ into });

/** The body that asks for a chain. */
export const chainSpecSchema = z.strictObject({
  steps: z.array(stepSpecSchema).min(1).max(MAX_CHAIN_STEPS).describe('run one after another'),
});

/** The body that asks for a set. */
export const setSpecSchema = z.strictObject({
  tasks: z.array(taskSpecSchema).min(1).max(MAX_CHUNK_TASKS).describe('run at once, in any order'),
  then: stepSpecSchema.describe('run once when all have SUCCEEDED, with all that they left'),
  evenIfFailed: z.boolean().optional().describe('run it once all have ended, however they did'),
});

/**
 * unknown → a chain.
 * @param hasProgram whether the queue has a program of its own, which then runs every step
 * @throws MillraceError `invalid_task` or `too_large`, which name the step
 */
export function parseChain(value: unknown, hasProgram: boolean): WorkflowSpec {
  const { steps } = parse(outline(chainSpecSchema, 'steps', MAX_CHAIN_STEPS), value);
  return {
    kind: 'chain',
    steps: steps.map((step, at) => named(`Step ${at + 1}`, () => parseStep(step, hasProgram, at > 0))),
  };
}

/** unknown → a set. @throws MillraceError `invalid_task` or `too_large`, which name the task */
export function parseSet(value: unknown, hasProgram: boolean): WorkflowSpec {
  const {
    tasks,
    then,
    evenIfFailed = false,
  } = parse(outline(setSpecSchema, 'tasks', MAX_CHUNK_TASKS), value);
  return {
    kind: 'set',
    members: tasks.map((task, at) => named(`Task ${at + 1}`, () => parseTaskSpec(task, hasProgram))),
    callback: named('`then`', () => parseStep(then, hasProgram, true)),
    evenIfFailed,
  };
}

/** The same shape with tasks that are looked at one by one, so that an error can name the one it is about. */
function outline<Schema extends z.ZodObject>(schema: Schema, list: string, max: number) {
  return schema.extend({
    [list]: z.array(z.unknown()).min(1, 'expected at least one').max(max, `expected at most ${max}`),
    ...('then' in schema.shape && { then: z.unknown() }),
  }) as unknown as z.ZodType<{ steps: unknown[]; tasks: unknown[]; then: unknown; evenIfFailed?: boolean }>;
}

function parse<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new MillraceError('invalid_task', `This is no workflow: ${describeIssues(parsed.error)}.`, {
    expected:
      'a chain {"steps": [task, …]}, or a set {"tasks": [task, …], "then": task, "evenIfFailed"?: true}',
    got: preview(value),
    hint: 'Correct the fields named and send it again; GET /openapi.json has the schema.',
  });
}

/** @param isFed whether something is handed to it */
function parseStep(value: unknown, hasProgram: boolean, isFed: boolean): StepSpec {
  const isObject = typeof value === 'object' && value !== null;
  const { into: name, ...task } = (isObject ? value : { value }) as { into?: unknown };
  const lacksInput = hasProgram && isFed && !('input' in task);
  const spec: TaskSpec = parseTaskSpec(lacksInput ? { ...task, input: '' } : task, hasProgram);
  if (lacksInput) delete spec.input;
  if (name === undefined) return spec;
  const parsed = into.safeParse(name);
  if (!parsed.success) throw noStep(describeIssues(parsed.error), name);
  if (!isFed) throw noStep('nothing is handed to the first step of a chain', name);
  if (spec.handler === undefined) throw noStep('it names an argument of a `handler`', name);
  if (spec.args !== undefined && !isPlainObject(spec.args))
    throw noStep('the `args` that it is put into must be an object', spec.args);
  return { ...spec, into: parsed.data };
}

function isPlainObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function noStep(detail: string, got: unknown): MillraceError {
  return new MillraceError('invalid_task', `This is not a step: into: ${detail}.`, {
    expected: '{"handler": "…", "args": {…}, "into": "name of an argument"}',
    got: preview(got),
    hint: 'Leave `into` out: then what is handed on fills `args` or `input` where a step has none.',
  });
}

function named<T>(what: string, of: () => T): T {
  try {
    return of();
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error;
    const { code, hint, expected, got, extra } = error;
    throw new MillraceError(code, `${what}: ${error.message}`, {
      hint,
      ...(expected !== undefined && { expected }),
      ...(got !== undefined && { got }),
      extra,
    });
  }
}
