import * as z from 'zod';
import { MillraceError } from '../core/errors.ts';
import { MAX_PAGE } from '../core/limits.ts';
import { listTasks } from '../core/list-tasks.ts';
import { readQueueProgress } from '../core/progress.ts';
import { TASK_STATES } from '../core/task-states.ts';
import { iso } from '../core/task-view.ts';
import { addRoute, json, problems, type ApiApp } from './add-route.ts';
import { findQueue, wake, type ApiDeps } from './api-deps.ts';
import { oneOf, wholeNumber } from './parse-query.ts';
import { redriveFailed } from './redrive-failed.ts';
import { listShape, purgeShape, queueShape, queuesShape, redriveShape } from './shapes.ts';
import { queueParam } from './task-routes.ts';

const DEFAULT_PAGE = 50;

/** Routes of queues. */
export function addQueueRoutes(app: ApiApp, deps: ApiDeps): void {
  const { ports } = deps;

  addRoute(
    app,
    {
      method: 'get',
      path: '/v1/queues',
      operationId: 'listQueues',
      tags: ['queues'],
      summary: 'All queues with their progress',
      responses: { 200: json(queuesShape, 'the queues'), ...problems() },
    },
    async (c) => {
      const definitions = await ports.catalog.list();
      const queues = await Promise.all(definitions.map((definition) => readQueueProgress(ports, definition)));
      return c.json({ queues }, 200);
    },
  );

  addRoute(
    app,
    {
      method: 'get',
      path: '/v1/queues/{queue}',
      operationId: 'readQueue',
      tags: ['queues'],
      summary: 'Progress of a queue',
      request: { params: queueParam },
      responses: { 200: json(queueShape, 'the queue'), ...problems('invalid_request', 'unknown_queue') },
    },
    async (c) => {
      const definition = await findQueue(deps, c.req.valid('param').queue);
      return c.json(await readQueueProgress(ports, definition), 200);
    },
  );

  addRoute(
    app,
    {
      method: 'get',
      path: '/v1/queues/{queue}/tasks',
      operationId: 'listTasks',
      tags: ['queues'],
      summary: 'Tasks of a queue by time',
      request: {
        params: queueParam,
        query: z.strictObject({
          state: oneOf([...TASK_STATES, 'EXPIRED'], 'only tasks in this state').optional(),
          limit: wholeNumber(1, MAX_PAGE, `at most so many; ${DEFAULT_PAGE} unless told`).optional(),
          order: oneOf(['newest', 'oldest'], 'newest first unless told').optional(),
          cursor: z.string().optional().describe('of the page before'),
        }),
      },
      responses: {
        200: json(listShape, 'a page; it may be short, or empty, and still have a cursor'),
        ...problems('invalid_request', 'unknown_queue'),
      },
    },
    async (c) => {
      const definition = await findQueue(deps, c.req.valid('param').queue);
      const { state, limit = DEFAULT_PAGE, order, cursor } = c.req.valid('query');
      return c.json(
        await listTasks(ports, definition, { state, limit, newestFirst: order !== 'oldest', cursor }),
        200,
      );
    },
  );

  addRoute(
    app,
    {
      method: 'post',
      path: '/v1/queues/{queue}/redrive',
      operationId: 'redriveQueue',
      tags: ['queues'],
      summary: 'Run the FAILED tasks of a queue again',
      request: { params: queueParam },
      responses: {
        200: json(redriveShape, 'how many of them'),
        ...problems('invalid_request', 'unknown_queue'),
      },
    },
    async (c) => {
      const definition = await findQueue(deps, c.req.valid('param').queue);
      const ending = { ports, definition, settler: deps.settlerOf(definition) };
      const answer = await redriveFailed(ending);
      await wake(deps, definition.name, answer.redriven);
      return c.json({ queue: definition.name, ...answer }, 200);
    },
  );

  addRoute(
    app,
    {
      method: 'delete',
      path: '/v1/queues/{queue}/tasks',
      operationId: 'purgeQueue',
      tags: ['queues'],
      summary: 'Cancel all that waits in a queue',
      request: {
        params: queueParam,
        query: z.strictObject({ confirm: z.string().optional().describe('the name of the queue again') }),
      },
      responses: {
        202: json(purgeShape, 'tasks enqueued before this time will be CANCELLED instead of run'),
        ...problems('invalid_request', 'confirmation_required', 'unknown_queue'),
      },
    },
    async (c) => {
      const { name } = await findQueue(deps, c.req.valid('param').queue);
      assertConfirmed(name, c.req.valid('query').confirm);
      const now = ports.clock();
      await ports.queues.setPurgedBefore(name, now);
      return c.json({ queue: name, purgedBefore: iso(now) }, 202);
    },
  );

  for (const [verb, paused, summary] of [
    ['pause', true, 'Workers stop receiving; running tasks go on'],
    ['resume', false, 'Workers receive again'],
  ] as const) {
    addRoute(
      app,
      {
        method: 'post',
        path: `/v1/queues/{queue}/${verb}`,
        operationId: `${verb}Queue`,
        tags: ['queues'],
        summary,
        request: { params: queueParam },
        responses: { 200: json(queueShape, 'the queue'), ...problems('invalid_request', 'unknown_queue') },
      },
      async (c) => {
        const definition = await findQueue(deps, c.req.valid('param').queue);
        await ports.queues.setPaused(definition.name, paused);
        if (!paused) await wake(deps, definition.name, 0);
        return c.json(await readQueueProgress(ports, definition), 200);
      },
    );
  }
}

function assertConfirmed(queue: string, confirm: string | undefined): void {
  if (confirm === queue) return;
  throw new MillraceError('confirmation_required', `This cancels every waiting task of queue ${queue}.`, {
    expected: `?confirm=${queue}`,
    got: confirm === undefined ? 'no confirmation' : `?confirm=${confirm}`,
    hint: `If that is meant, send DELETE /v1/queues/${queue}/tasks?confirm=${queue}.`,
  });
}
