import * as z from 'zod';
import { cancelTask } from '../core/cancel.ts';
import { enqueueTask, isForScheduler } from '../core/enqueue-task.ts';
import { FRESH_KEY_HEADER } from '../core/fresh-key.ts';
import {
  MAX_IDEMPOTENCY_KEY_CHARS,
  MAX_SCHEDULED_DELAY_SECONDS,
  MAX_TASK_BODY_BYTES,
  MAX_WAIT_SECONDS,
} from '../core/limits.ts';
import { showTask } from '../core/read-task.ts';
import { parseTaskSpec, programOf } from '../core/task-spec.ts';
import { toTaskView } from '../core/task-view.ts';
import { addRoute, json, problems, type ApiApp } from './add-route.ts';
import { endingOf, findQueue, wake, type ApiDeps } from './api-deps.ts';
import { parseJsonBody } from './parse-json.ts';
import { wholeNumber } from './parse-query.ts';
import { assertMediaType, readBody } from './read-body.ts';
import { redriveOnceCounted } from './redrive-once-counted.ts';
import { taskShape, taskSpecShape } from './shapes.ts';
import { waitForEnd } from './wait-for-end.ts';

export const idempotencyHeaders = z.object({
  'idempotency-key': z
    .string()
    .min(1)
    .max(MAX_IDEMPOTENCY_KEY_CHARS)
    .optional()
    .describe('sending the same content again under the same key makes no duplicate'),
});

const taskHeaders = idempotencyHeaders.extend({
  [FRESH_KEY_HEADER]: z
    .literal('true')
    .optional()
    .describe(
      'the key was made for this request and has not been sent before: no task is looked up under it',
    ),
});

/** What may be wrong with anything that is enqueued as JSON. */
export const ENQUEUE_PROBLEMS = [
  'invalid_json',
  'invalid_task',
  'invalid_request',
  'unknown_queue',
  'content_conflict',
  'too_large',
  'unsupported_media_type',
] as const;

export const waitQuery = z.strictObject({
  wait: wholeNumber(0, MAX_WAIT_SECONDS, 'holds the answer so many seconds, or until the end').optional(),
});

/** Longer ones name nothing, and no key of the table could hold them. */
export const MAX_ID_CHARS = 200;

export const queueParam = z.object({ queue: z.string().max(MAX_ID_CHARS).meta({ example: 'default' }) });
const idParam = z.object({
  id: z.string().max(MAX_ID_CHARS).meta({ example: '0b6f6a52-4f0e-4a7e-9d5b-6f0c7a1f2f11' }),
});

const BODY_HINT = 'Put the data where the program can fetch it, and pass its address.';

/** Routes of single tasks. */
export function addTaskRoutes(app: ApiApp, deps: ApiDeps): void {
  const { ports } = deps;

  addRoute(
    app,
    {
      method: 'post',
      path: '/v1/queues/{queue}/tasks',
      operationId: 'enqueueTask',
      tags: ['tasks'],
      summary: 'Enqueue one task',
      request: { params: queueParam, headers: taskHeaders },
      responses: {
        201: json(taskShape, 'the task, accepted'),
        200: json(taskShape, 'the task that this key made before'),
        ...problems(...ENQUEUE_PROBLEMS, 'not_supported'),
      },
    },
    async (c) => {
      const definition = await findQueue(deps, c.req.valid('param').queue);
      assertMediaType(c.req.raw, ['application/json']);
      const body = parseJsonBody(await readBody(c.req.raw, MAX_TASK_BODY_BYTES, BODY_HINT));
      const spec = parseTaskSpec(body, definition.program !== undefined, MAX_SCHEDULED_DELAY_SECONDS);
      const { 'idempotency-key': key, [FRESH_KEY_HEADER]: isFresh } = c.req.valid('header');
      const { row, created } = await enqueueTask(ports, definition, spec, key, isFresh === 'true');
      // Nothing is in the queue yet of a task that the scheduler has.
      if (!isForScheduler(spec)) await wake(deps, definition.name, created ? 1 : 0);
      return c.json(toTaskView(row, ports.clock(), programOf(spec)), created ? 201 : 200);
    },
    { required: true, content: { 'application/json': { schema: taskSpecShape } } },
  );

  addRoute(
    app,
    {
      method: 'get',
      path: '/v1/tasks/{id}',
      operationId: 'readTask',
      tags: ['tasks'],
      summary: 'Read a task, or wait for its end',
      request: {
        params: idParam,
        query: waitQuery,
      },
      responses: { 200: json(taskShape, 'the task'), ...problems('invalid_request', 'unknown_task') },
    },
    async (c) => {
      const waitMs = (c.req.valid('query').wait ?? 0) * 1000;
      return c.json(await waitForEnd(deps, c.req.valid('param').id, waitMs, c.req.raw.signal), 200);
    },
  );

  addRoute(
    app,
    {
      method: 'post',
      path: '/v1/tasks/{id}/cancel',
      operationId: 'cancelTask',
      tags: ['tasks'],
      summary: 'Cancel a task',
      request: { params: idParam },
      responses: {
        200: json(taskShape, 'it is CANCELLED'),
        202: json(taskShape, 'it is running: its worker has been asked to kill it'),
        ...problems('invalid_request', 'unknown_task', 'unknown_queue', 'wrong_state'),
      },
    },
    async (c) => {
      const { id } = c.req.valid('param');
      const row = await cancelTask(await endingOf(deps, id), id);
      return c.json(await showTask(ports, row), row.state === 'CANCELLED' ? 200 : 202);
    },
  );

  addRoute(
    app,
    {
      method: 'post',
      path: '/v1/tasks/{id}/redrive',
      operationId: 'redriveTask',
      tags: ['tasks'],
      summary: 'Run a FAILED task again',
      request: { params: idParam },
      responses: {
        202: json(taskShape, 'it will run again, with all its attempts'),
        ...problems(
          'invalid_request',
          'unknown_task',
          'unknown_queue',
          'wrong_state',
          'not_counted_yet',
          'content_gone',
        ),
      },
    },
    async (c) => {
      const { id } = c.req.valid('param');
      const row = await redriveOnceCounted(deps, await endingOf(deps, id), id);
      await wake(deps, row.queue, 1);
      return c.json(await showTask(ports, row), 202);
    },
  );
}
