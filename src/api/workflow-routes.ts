import * as z from 'zod';
import type { Context } from 'hono';
import { cancelWorkflow } from '../core/cancel-workflow.ts';
import { enqueueWorkflow, type WorkflowSpec } from '../core/enqueue-workflow.ts';
import { MAX_BATCH_BODY_BYTES } from '../core/limits.ts';
import { readWorkflow, unknownWorkflow, type WorkflowView } from '../core/read-workflow.ts';
import { isTerminal } from '../core/task-states.ts';
import { parseChain, parseSet } from '../core/workflow-spec.ts';
import { addRoute, json, problems, type ApiApp, type ApiEnv } from './add-route.ts';
import { findQueue, wake, type ApiDeps } from './api-deps.ts';
import { parseJsonBody } from './parse-json.ts';
import { assertMediaType, readBody } from './read-body.ts';
import { assertChunkFits, assertStepsFit } from './split-chunks.ts';
import { ENQUEUE_PROBLEMS, idempotencyHeaders, MAX_ID_CHARS, queueParam, waitQuery } from './task-routes.ts';
import { waitForWorkflow } from './wait-for-end.ts';
import { chainSpecShape, setSpecShape, workflowShape } from './workflow-shapes.ts';

const idParam = z.object({
  id: z.string().max(MAX_ID_CHARS).meta({ example: 'w~0b6f6a52-4f0e-4a7e-9d5b-6f0c7a1f2f11' }),
});

const enqueueAnswers = {
  201: json(workflowShape, 'the workflow, accepted'),
  200: json(workflowShape, 'the workflow that this key made before'),
  ...problems(...ENQUEUE_PROBLEMS),
};

/** Routes of chains and sets. */
export function addWorkflowRoutes(app: ApiApp, deps: ApiDeps): void {
  const { ports } = deps;

  const enqueue = async (
    c: Context<ApiEnv>,
    queue: string,
    key: string | undefined,
    parse: (value: unknown, hasProgram: boolean) => WorkflowSpec,
  ): Promise<[WorkflowView, 200 | 201]> => {
    const definition = await findQueue(deps, queue);
    assertMediaType(c.req.raw, ['application/json']);
    const body = await readBody(c.req.raw, MAX_BATCH_BODY_BYTES, 'Hand long data over by its address.');
    const spec = parse(parseJsonBody(body), definition.program !== undefined);
    assertFits(deps, spec);
    const { workflow, created } = await enqueueWorkflow(ports, definition, spec, key);
    await wake(deps, queue, spec.kind === 'chain' ? 1 : spec.members.length);
    return [await readWorkflow(ports, workflow.id), created ? 201 : 200];
  };

  addRoute(
    app,
    {
      method: 'post',
      path: '/v1/queues/{queue}/chains',
      operationId: 'enqueueChain',
      tags: ['workflows'],
      summary: 'Run tasks one after another, each fed with what the one before it left',
      request: { params: queueParam, headers: idempotencyHeaders },
      responses: enqueueAnswers,
    },
    async (c) => {
      const key = c.req.valid('header')['idempotency-key'];
      return c.json(...(await enqueue(c, c.req.valid('param').queue, key, parseChain)));
    },
    { required: true, content: { 'application/json': { schema: chainSpecShape } } },
  );

  addRoute(
    app,
    {
      method: 'post',
      path: '/v1/queues/{queue}/sets',
      operationId: 'enqueueSet',
      tags: ['workflows'],
      summary: 'Run tasks at once, and another one when all of them have succeeded',
      request: { params: queueParam, headers: idempotencyHeaders },
      responses: enqueueAnswers,
    },
    async (c) => {
      const key = c.req.valid('header')['idempotency-key'];
      return c.json(...(await enqueue(c, c.req.valid('param').queue, key, parseSet)));
    },
    { required: true, content: { 'application/json': { schema: setSpecShape } } },
  );

  addRoute(
    app,
    {
      method: 'get',
      path: '/v1/workflows/{id}',
      operationId: 'readWorkflow',
      tags: ['workflows'],
      summary: 'Read a chain or a set, or wait for its end',
      request: {
        params: idParam,
        query: waitQuery,
      },
      responses: {
        200: json(workflowShape, 'the workflow'),
        ...problems('invalid_request', 'unknown_workflow'),
      },
    },
    async (c) => {
      const waitMs = (c.req.valid('query').wait ?? 0) * 1000;
      return c.json(await waitForWorkflow(deps, c.req.valid('param').id, waitMs, c.req.raw.signal), 200);
    },
  );

  addRoute(
    app,
    {
      method: 'post',
      path: '/v1/workflows/{id}/cancel',
      operationId: 'cancelWorkflow',
      tags: ['workflows'],
      summary: 'Cancel a chain or a set: what waits, what runs, and what would come',
      request: { params: idParam },
      responses: {
        200: json(workflowShape, 'it is CANCELLED'),
        202: json(workflowShape, 'something of it runs: its worker has been asked to kill it'),
        ...problems('invalid_request', 'unknown_workflow', 'unknown_queue', 'wrong_state'),
      },
    },
    async (c) => {
      const { id } = c.req.valid('param');
      const workflow = await ports.workflows.read(id);
      if (!workflow) throw unknownWorkflow(id);
      const definition = await findQueue(deps, workflow.queue);
      await cancelWorkflow({ ports, settler: deps.settlerOf(definition), definition }, id);
      const view = await readWorkflow(ports, id);
      return c.json(view, isTerminal(view.state) ? 200 : 202);
    },
  );
}

function assertFits(deps: ApiDeps, spec: WorkflowSpec): void {
  const compressedBytes = (text: string) => deps.compressedBytes(text);
  if (spec.kind === 'chain') return assertStepsFit(spec.steps, compressedBytes);
  assertStepsFit([spec.callback], compressedBytes);
  assertChunkFits(
    spec.members.map((task, at) => ({ line: at + 1, task })),
    compressedBytes,
  );
}
