import * as z from 'zod';
import { MillraceError } from '../core/errors.ts';
import { LAUNCH_MODES } from '../core/launch-event.ts';
import { MAX_LAUNCH_COUNT } from '../core/limits.ts';
import { addRoute, json, problems, type ApiApp } from './add-route.ts';
import { findQueue, type ApiDeps } from './api-deps.ts';
import { parseJsonBody } from './parse-json.ts';
import { invalidRequest } from './parse-query.ts';
import { assertMediaType, readBody } from './read-body.ts';
import { idempotencyHeaders, queueParam } from './task-routes.ts';

const MAX_BODY_BYTES = 1024;

const workersRequestShape = z
  .strictObject({
    count: z.int().min(1).max(MAX_LAUNCH_COUNT),
    mode: z
      .enum(LAUNCH_MODES)
      .default('until-empty')
      .describe('when they leave: after one task, when the queue is empty, or only when they are stopped'),
  })
  .meta({ id: 'WorkersRequest', example: { count: 5, mode: 'until-empty' } });

const workersShape = z
  .strictObject({
    queue: z.string(),
    started: z.int().nonnegative().describe('workers on their way: it takes them about a minute'),
    failures: z
      .array(z.object({ reason: z.string() }))
      .readonly()
      .describe('why there are fewer'),
  })
  .meta({
    id: 'WorkersStarted',
    example: { queue: 'default', started: 4, failures: [{ reason: 'RESOURCE:CPU' }] },
  });

/** Routes of workers. */
export function addWorkerRoutes(app: ApiApp, deps: ApiDeps): void {
  addRoute(
    app,
    {
      method: 'post',
      path: '/v1/queues/{queue}/workers',
      operationId: 'startWorkers',
      tags: ['queues'],
      summary: 'Start workers now, whatever waits',
      request: { params: queueParam, headers: idempotencyHeaders },
      responses: {
        202: json(workersShape, 'so many are on their way'),
        ...problems(
          'invalid_json',
          'invalid_request',
          'unknown_queue',
          'wrong_state',
          'too_large',
          'unsupported_media_type',
          'not_supported',
        ),
      },
    },
    async (c) => {
      const definition = await findQueue(deps, c.req.valid('param').queue);
      assertMediaType(c.req.raw, ['application/json']);
      const body = parseJsonBody(await readBody(c.req.raw, MAX_BODY_BYTES, 'Send {"count": 5}.'));
      const parsed = workersRequestShape.safeParse(body);
      if (!parsed.success) throw invalidRequest('json', parsed.error);
      if (!deps.startWorkers) throw notHere(definition.name);
      // A key of its own lets the request be repeated on its way to the launcher.
      const key = c.req.valid('header')['idempotency-key'] ?? c.get('requestId');
      return c.json(await deps.startWorkers(definition, { ...parsed.data, key }), 202);
    },
    { required: true, content: { 'application/json': { schema: workersRequestShape } } },
  );
}

function notHere(queue: string): MillraceError {
  return new MillraceError('not_supported', 'This stack starts no workers: it runs on this machine alone.', {
    expected: 'a stack that is deployed in AWS',
    got: 'a local one',
    hint: `Start a worker here: npx millrace work ${queue} until-empty. Or give the stack some: npx millrace local --workers 2.`,
  });
}
