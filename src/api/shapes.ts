import * as z from 'zod';
import { ERROR_CODES, type ErrorCode } from '../core/errors.ts';
import { FAILURE_REASONS, TASK_STATES } from '../core/task-states.ts';
import { taskSpecSchema } from '../core/task-spec.ts';

/** What the API answers and takes, as schemas: the OpenAPI document and the types of the handlers come from them. */

const count = z.int().nonnegative();
const time = z.iso.datetime().meta({ example: '2026-03-01T09:30:00.000Z' });

export const taskExample = {
  id: '0b6f6a52-4f0e-4a7e-9d5b-6f0c7a1f2f11',
  queue: 'default',
  state: 'SUCCEEDED' as const,
  command: 'echo hi',
  attempt: 1,
  maxAttempts: 3,
  createdAt: '2026-03-01T09:30:00.000Z',
  startedAt: '2026-03-01T09:30:00.210Z',
  endedAt: '2026-03-01T09:30:00.250Z',
  exitCode: 0,
  stdout: 'hi\n',
  worker: 'worker-5e0c',
};

export const taskShape = z
  .strictObject({
    id: z.string(),
    queue: z.string(),
    state: z.enum(TASK_STATES),
    expired: z.literal(true).optional().describe('its lease has passed: the worker seems to be dead'),
    command: z.string().optional(),
    argv: z.array(z.string()).readonly().optional(),
    handler: z.string().optional().describe('the name of the handler that it calls'),
    args: z.unknown().optional().describe('what the handler is called with'),
    attempt: count.describe('attempts begun'),
    maxAttempts: z.int(),
    createdAt: time,
    notBefore: time.optional().describe('it is not started before this time'),
    startedAt: time
      .optional()
      .describe('of the latest attempt: its claim, and once it has ended, the start of its program'),
    endedAt: time.optional(),
    reason: z.enum(FAILURE_REASONS).optional().describe('why it FAILED'),
    exitCode: z.int().optional(),
    signal: z.string().optional(),
    error: z.string().optional(),
    stdout: z.string().optional().describe('the end of what it wrote'),
    stderr: z.string().optional().describe('the end of what it wrote'),
    result: z
      .unknown()
      .optional()
      .describe('the JSON that the program left in MILLRACE_RESULT, or that the handler returned'),
    progress: z.object({ percent: z.number(), message: z.string() }).optional(),
    batch: z.string().optional(),
    workflow: z.string().optional().describe('the chain or set that it is a part of'),
    worker: z.string().optional(),
    newerVersion: z
      .int()
      .optional()
      .describe('written by a newer Millrace: what this one does not understand is left out'),
  })
  .meta({ id: 'Task', example: taskExample });

/** The body of one task, and a line of NDJSON: core's own schema. */
export const taskSpecShape = taskSpecSchema
  .describe(
    'exactly one of `command`, `argv` and `handler`; only `input` on a queue with a program of its own',
  )
  .meta({ id: 'TaskSpec', example: { command: 'convert a.png b.jpg', timeoutSeconds: 60 } });

export const queueShape = z
  .strictObject({
    queue: z.string(),
    total: count,
    pending: count,
    delayed: count,
    running: count,
    expired: count.describe('part of `running`'),
    succeeded: count,
    failed: count,
    cancelled: count,
    paused: z.boolean(),
  })
  .meta({
    id: 'QueueProgress',
    example: {
      queue: 'default',
      total: 1004,
      pending: 2,
      delayed: 1,
      running: 1,
      expired: 0,
      succeeded: 990,
      failed: 9,
      cancelled: 1,
      paused: false,
    },
  });

export const batchExample = {
  id: 'nightly-2026-03-01',
  queue: 'default',
  total: 1000,
  pending: 400,
  running: 8,
  succeeded: 590,
  failed: 2,
  cancelled: 0,
};

export const batchShape = z
  .strictObject({
    id: z.string(),
    queue: z.string(),
    total: count,
    pending: count,
    running: count,
    succeeded: count,
    failed: count,
    cancelled: count,
  })
  .meta({ id: 'BatchProgress', example: batchExample });

export const refusedShape = z
  .strictObject({
    line: z.int().positive().describe('counted from 1, blank lines included; in a JSON array: the element'),
    code: z.string(),
    detail: z.string(),
  })
  .meta({
    id: 'RefusedLine',
    example: { line: 3, code: 'invalid_json', detail: 'This is not JSON: Unexpected end of JSON input.' },
  });

export const uploadShape = z
  .strictObject({
    ...batchShape.shape,
    accepted: count.describe('tasks of this upload'),
    refused: z.array(refusedShape).readonly().describe('the first 1,000 lines that are no tasks'),
    refusedMore: count.optional().describe('how many more lines were refused'),
  })
  .meta({
    id: 'Upload',
    example: {
      ...batchExample,
      pending: 1000,
      running: 0,
      succeeded: 0,
      failed: 0,
      accepted: 1000,
      refused: [],
    },
  });

export const problemShape = z
  .looseObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.enum(Object.keys(ERROR_CODES) as [ErrorCode, ...ErrorCode[]]).describe('stable: branch on this'),
    detail: z.string(),
    expected: z.string().optional(),
    got: z.string().optional(),
    hint: z.string().describe('what to do'),
    instance: z.string().optional().describe('names this request in the log'),
  })
  .meta({ id: 'Problem' });

export const listShape = z
  .strictObject({
    tasks: z.array(taskShape).readonly(),
    cursor: z.string().optional().describe('for the next page; absent at the end'),
  })
  .meta({ id: 'TaskList', example: { tasks: [taskExample] } });

export const queuesShape = z
  .strictObject({ queues: z.array(queueShape).readonly() })
  .meta({ id: 'Queues', example: { queues: [] } });

export const redriveShape = z
  .strictObject({
    queue: z.string(),
    redriven: count,
    skipped: count.describe('FAILED tasks that could not be redriven now, or whose content is gone'),
    more: z.boolean().describe('call again: the work of one call is bounded'),
  })
  .meta({ id: 'QueueRedrive', example: { queue: 'default', redriven: 42, skipped: 0, more: false } });

export const purgeShape = z
  .strictObject({ queue: z.string(), purgedBefore: time })
  .meta({ id: 'Purge', example: { queue: 'default', purgedBefore: '2026-03-01T09:30:00.000Z' } });

export const healthShape = z
  .strictObject({
    status: z.enum(['ok', 'unavailable']),
    version: z.string(),
    checks: z.record(z.string(), z.string()).describe('`ok`, or what is wrong'),
  })
  .meta({ id: 'Health', example: { status: 'ok', version: '0.1.0', checks: { dynamodb: 'ok', sqs: 'ok' } } });
