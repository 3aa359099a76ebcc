import * as z from 'zod';
import { enqueueTask } from '../core/enqueue-task.ts';
import { MAX_TASK_BODY_BYTES } from '../core/limits.ts';
import { readTask } from '../core/read-task.ts';
import { parseTaskSpec } from '../core/task-spec.ts';
import type { TaskState } from '../core/task-states.ts';
import { addRoute, json, problems, type ApiApp } from './add-route.ts';
import { findQueue, wake, type ApiDeps } from './api-deps.ts';
import { parseJsonBody } from './parse-json.ts';
import { assertMediaType, readBody } from './read-body.ts';
import { ENQUEUE_PROBLEMS, idempotencyHeaders, MAX_ID_CHARS } from './task-routes.ts';

/** The words of Celery for our states. */
const STATUS = {
  PENDING: 'PENDING',
  RUNNING: 'STARTED',
  SUCCEEDED: 'SUCCESS',
  FAILED: 'FAILURE',
  CANCELLED: 'REVOKED',
} as const satisfies Record<TaskState, string>;

const statusShape = z.enum(STATUS);
const callShape = z
  .strictObject({ task: z.strictObject({ id: z.string(), name: z.string(), status: statusShape }) })
  .meta({
    id: 'NamedTask',
    example: {
      task: { id: '0b6f6a52-4f0e-4a7e-9d5b-6f0c7a1f2f11', name: 'delayed_add', status: 'PENDING' },
    },
  });
const resultShape = z
  .strictObject({
    id: z.string(),
    result: z.unknown().describe('what the handler returned; null when there is no result, or none yet'),
    status: statusShape,
    error: z.string().optional().describe('why it ended in FAILURE'),
  })
  .meta({
    id: 'NamedTaskStatus',
    example: { id: '0b6f6a52-4f0e-4a7e-9d5b-6f0c7a1f2f11', result: 14, status: 'SUCCESS' },
  });

const ARGS_HINT = 'Put the data where the handler can fetch it, and pass its address.';

/** Named handlers called by their name alone, and answers in the words of Celery: the routes of the first ZIM farm. */
export function addHandlerRoutes(app: ApiApp, deps: ApiDeps): void {
  const { ports } = deps;

  addRoute(
    app,
    {
      method: 'post',
      path: '/task/{name}',
      operationId: 'callHandler',
      tags: ['handlers'],
      summary: 'Call a named handler',
      request: {
        params: z.object({ name: z.string().meta({ example: 'delayed_add' }) }),
        query: z.strictObject({
          queue: z.string().max(MAX_ID_CHARS).optional().describe('`default` unless told'),
        }),
        headers: idempotencyHeaders,
      },
      responses: {
        200: json(callShape, 'accepted'),
        ...problems(...ENQUEUE_PROBLEMS),
      },
    },
    async (c) => {
      const definition = await findQueue(deps, c.req.valid('query').queue ?? 'default');
      const { name } = c.req.valid('param');
      const body = await readBody(c.req.raw, MAX_TASK_BODY_BYTES, ARGS_HINT);
      if (body.length > 0) assertMediaType(c.req.raw, ['application/json']);
      const args = body.length > 0 ? parseJsonBody(body) : {};
      const spec = parseTaskSpec({ handler: name, args }, definition.program !== undefined);
      const key = c.req.valid('header')['idempotency-key'];
      const { row, created } = await enqueueTask(ports, definition, spec, key);
      await wake(deps, definition.name, created ? 1 : 0);
      return c.json({ task: { id: row.id, name, status: STATUS[row.state] } }, 200);
    },
    {
      required: false,
      content: {
        'application/json': {
          schema: z.unknown().meta({ description: 'the arguments of the handler; {} when there is no body' }),
          example: { x: 4, y: 10 },
        },
      },
    },
  );

  addRoute(
    app,
    {
      method: 'get',
      path: '/task/status/{id}',
      operationId: 'readHandlerStatus',
      tags: ['handlers'],
      summary: 'Status and result of a task',
      request: {
        params: z.object({
          id: z.string().max(MAX_ID_CHARS).meta({ example: '0b6f6a52-4f0e-4a7e-9d5b-6f0c7a1f2f11' }),
        }),
      },
      responses: { 200: json(resultShape, 'the task'), ...problems('invalid_request', 'unknown_task') },
    },
    async (c) => {
      const task = await readTask(ports, c.req.valid('param').id);
      const error = task.error ?? task.reason;
      return c.json(
        {
          id: task.id,
          result: task.state === 'SUCCEEDED' ? (task.result ?? null) : null,
          status: STATUS[task.state],
          ...(task.state === 'FAILED' && error !== undefined && { error }),
        },
        200,
      );
    },
  );
}
