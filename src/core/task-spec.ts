import * as z from 'zod';
import { MillraceError } from './errors.ts';
import { HANDLER_NAME } from './handler-name.ts';
import {
  MAX_ARGS_DEPTH,
  MAX_ARGUMENT_BYTES,
  MAX_DELAY_SECONDS,
  MAX_ENV_ENTRIES,
  MAX_MAX_ATTEMPTS,
  MAX_PROGRAM_BYTES,
  MAX_SCHEDULED_DELAY_SECONDS,
  MAX_TIMEOUT_SECONDS,
} from './limits.ts';
import type { Program } from './task-row.ts';

const encoder = new TextEncoder();

/** Length of a text in UTF-8 bytes. */
export function byteLength(text: string): number {
  return encoder.encode(text).length;
}

const argument = z
  .string()
  .refine((text) => !text.includes('\0'), 'expected text without NUL characters')
  .refine((text) => byteLength(text) <= MAX_ARGUMENT_BYTES, {
    message: `expected at most ${MAX_ARGUMENT_BYTES} bytes, the kernel's limit for one argument; hand long data over as \`input\``,
  });

/** What named handlers are called. */
export const handlerNameSchema = z
  .string()
  .regex(HANDLER_NAME, 'expected 1 to 100 letters, digits and _ . : -, starting with a letter or _');

/** Whether a value can be a handler's arguments. Does not recurse: it may be very deep. */
function isArgs(value: unknown): boolean {
  let level = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > MAX_ARGS_DEPTH || level.some((item) => typeof item === 'number' && !Number.isFinite(item)))
      return false;
    level = level.flatMap((item) =>
      typeof item === 'object' && item !== null ? (Object.values(item) as unknown[]) : [],
    );
  }
  return true;
}

const environment = z
  .record(
    z
      .string()
      .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'expected letters, digits and _, not starting with a digit')
      .refine((name) => !name.startsWith('MILLRACE_'), 'names starting with MILLRACE_ are set by the worker')
      .refine((name) => name !== '__proto__', 'this name cannot be used'),
    argument,
  )
  .refine((env) => Object.keys(env).length <= MAX_ENV_ENTRIES, `expected at most ${MAX_ENV_ENTRIES} entries`);

/** What a task is, as HTTP bodies, NDJSON lines and raw JSON messages say it. */
export const taskSpecSchema = z.strictObject({
  command: argument
    .refine((text) => text.trim() !== '', 'expected a shell command, got an empty one')
    .optional()
    .describe('a shell command, run by /bin/sh -c'),
  argv: z
    .array(argument)
    .min(1, 'expected at least the name of a program')
    .max(4096)
    .refine((argv) => argv[0] !== '', 'expected the name of a program as first element')
    .optional()
    .describe('a program and its arguments, run without a shell'),
  handler: handlerNameSchema.optional().describe('a named handler of the workers, called with `args`'),
  args: z
    .unknown()
    .refine(isArgs, `expected JSON of at most ${MAX_ARGS_DEPTH} levels, with numbers that fit a double`)
    .optional()
    .describe('what the handler is called with: any JSON'),
  input: z.string().optional().describe('given to the program on its STDIN'),
  env: environment.optional().describe('environment variables for the program'),
  timeoutSeconds: z.number().positive().max(MAX_TIMEOUT_SECONDS).optional(),
  maxAttempts: z.int().min(1).max(MAX_MAX_ATTEMPTS).optional(),
  delaySeconds: z
    .number()
    .min(0)
    .max(MAX_SCHEDULED_DELAY_SECONDS)
    .optional()
    .describe(`not before; more than ${MAX_DELAY_SECONDS} for a task that is enqueued by itself only`),
  tenant: z
    .string()
    .regex(
      /^[A-Za-z0-9!"#$%&'()*+,\-./:;<=>?@[\\\]^_`{|}~]{1,128}$/,
      'expected 1 to 128 ASCII characters without spaces',
    )
    .optional()
    .describe('the fair-queue key: one tenant’s backlog does not delay the others'),
});

export type TaskSpec = z.infer<typeof taskSpecSchema>;

/** The program that a spec names, or undefined when its queue's program runs it. */
export function programOf(spec: TaskSpec): Program | undefined {
  if (spec.command !== undefined) return { command: spec.command };
  if (spec.argv !== undefined) return { argv: spec.argv };
  if (spec.handler !== undefined)
    return { handler: spec.handler, ...(spec.args !== undefined && { args: JSON.stringify(spec.args) }) };
  return undefined;
}

const DELAY_TOO_LONG =
  `delaySeconds: expected at most ${MAX_DELAY_SECONDS} in a batch, a chain, a set and a raw message; enqueue this task by itself, ` +
  `which may wait ${MAX_SCHEDULED_DELAY_SECONDS}, or load the batch when it is due, by a schedule if need be`;

/** One sentence for each thing that a schema found wrong. */
export function describeIssues(error: z.ZodError): string {
  return error.issues
    .slice(0, 5)
    .map((issue) => {
      const where = issue.path.length > 0 ? `${issue.path.map(String).join('.')}: ` : '';
      const extra =
        issue.code === 'unrecognized_keys' ? `; known: ${Object.keys(taskSpecSchema.shape).join(', ')}` : '';
      return `${where}${issue.message}${extra}`;
    })
    .join('; ');
}

/**
 * unknown → TaskSpec.
 * @param hasProgram whether the queue has a program of its own, which then runs every task
 * @param maxDelaySeconds more than SQS delays a message only where a scheduler sends it
 * @throws MillraceError `invalid_task` or `too_large`
 */
export function parseTaskSpec(
  value: unknown,
  hasProgram: boolean,
  maxDelaySeconds = MAX_DELAY_SECONDS,
): TaskSpec {
  const parsed = taskSpecSchema.safeParse(value);
  if (!parsed.success) {
    throw invalidTask(describeIssues(parsed.error), value);
  }
  const spec = parsed.data;
  if ((spec.delaySeconds ?? 0) > maxDelaySeconds) throw invalidTask(DELAY_TOO_LONG, value);
  if (hasProgram) {
    if (programOf(spec) || spec.args !== undefined || spec.env !== undefined) {
      throw invalidTask(
        'this queue runs a program of its own: a task on it carries `input`, no command, argv, handler, args or env',
        value,
        {
          expected: '{"input": "…"}, with timeoutSeconds, maxAttempts, delaySeconds, tenant as wanted',
          hint: 'Give its program the text as input, on the command line with --input FILE or --input -, or name another queue.',
        },
      );
    }
    if (spec.input === undefined) throw invalidTask('expected `input` for the program of this queue', value);
  } else checkProgram(spec, value);
  const size = byteLength(JSON.stringify(spec));
  if (size > MAX_PROGRAM_BYTES) {
    throw new MillraceError('too_large', `The task is too large.`, {
      expected: `at most ${MAX_PROGRAM_BYTES} bytes as JSON`,
      got: `${size} bytes`,
      hint: 'Put the data where the program can fetch it, and pass its address.',
    });
  }
  return spec;
}

function checkProgram({ command, argv, handler, args, input, env }: TaskSpec, value: unknown): void {
  if ([command, argv, handler].filter((program) => program !== undefined).length !== 1)
    throw invalidTask('expected exactly one of `command`, `argv` and `handler`', value);
  if (handler === undefined && args !== undefined)
    throw invalidTask('`args` are for a `handler`; a program’s arguments go in `argv`', value);
  if (handler !== undefined && (input !== undefined || env !== undefined))
    throw invalidTask('a `handler` has `args`, neither `input` nor `env`', value);
}

function invalidTask(
  detail: string,
  got: unknown,
  other: { readonly expected?: string; readonly hint?: string } = {},
): MillraceError {
  return new MillraceError('invalid_task', `This is not a task: ${detail}.`, {
    expected:
      '{"command": "…"}, {"argv": ["…"]} or {"handler": "…", "args": {…}}, with input, env, timeoutSeconds, maxAttempts, delaySeconds, tenant as wanted',
    got: preview(got),
    hint: 'Correct the fields named and send it again; GET /openapi.json has the schema.',
    ...other,
  });
}

/** The beginning of a value, for an error text. */
export function preview(value: unknown, max = 120): string {
  const text = typeof value === 'string' ? value : toText(value);
  return text.length > max ? `${text.slice(0, max)}… (${text.length} characters)` : text;
}

/** Never throws: what JSON.parse has read may be nested deeper than JSON.stringify can follow. */
function toText(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return '(a value that is nested too deeply to be shown)';
  }
}

/** The text whose digest tells whether two tasks have the same content. */
export function canonicalContent(queue: string, content: TaskSpec | string): string {
  if (typeof content === 'string') return JSON.stringify([queue, content]);
  const { command, argv, handler, args, input, timeoutSeconds, maxAttempts, delaySeconds, tenant } = content;
  const env = content.env && Object.entries(content.env).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([
    queue,
    command,
    argv,
    input,
    env,
    timeoutSeconds,
    maxAttempts,
    delaySeconds,
    tenant,
    ...(handler === undefined ? [] : [handler, ...(args === undefined ? [] : [sortKeys(args)])]),
  ]);
}

/** The same JSON with the keys of its objects in order. */
function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  // Not as keys: one that looks like a number would go before the others, and __proto__ get lost.
  return { entries: entries.map(([key, item]) => [key, sortKeys(item)]) };
}
