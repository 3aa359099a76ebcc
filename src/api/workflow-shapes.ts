import * as z from 'zod';
import { FAILURE_REASONS, TASK_STATES } from '../core/task-states.ts';
import { chainSpecSchema, setSpecSchema } from '../core/workflow-spec.ts';
import { batchShape } from './shapes.ts';

/** What the API answers and takes of chains and sets, as schemas. */

const ID = 'w~0b6f6a52-4f0e-4a7e-9d5b-6f0c7a1f2f11';

const stepShape = z
  .strictObject({
    task: z.string().describe('its id: for GET /v1/tasks/{id}, and for its redrive'),
    state: z.enum([...TASK_STATES, 'WAITING']).describe('WAITING: it is not enqueued yet'),
    reason: z.enum(FAILURE_REASONS).optional().describe('why it FAILED'),
    error: z.string().optional(),
  })
  .meta({ id: 'WorkflowStep', example: { task: `${ID}.1`, state: 'SUCCEEDED' } });

const { id: _id, queue: _queue, ...counts } = batchShape.shape;

export const workflowShape = z
  .strictObject({
    id: z.string(),
    kind: z.enum(['chain', 'set']),
    queue: z.string(),
    state: z.enum(TASK_STATES).describe('FAILED until what FAILED of it is redriven'),
    createdAt: z.iso.datetime(),
    cancelRequested: z.literal(true).optional().describe('nothing of it is begun any more'),
    steps: z.array(stepShape).readonly().optional().describe('of a chain, in their order'),
    members: z.strictObject(counts).optional().describe('of a set: how many of its tasks are where'),
    then: stepShape.optional(),
    result: z
      .unknown()
      .optional()
      .describe('what the last step or the callback left: its result, or else the end of its STDOUT'),
  })
  .meta({
    id: 'Workflow',
    example: {
      id: ID,
      kind: 'chain' as const,
      queue: 'default',
      state: 'RUNNING' as const,
      createdAt: '2026-03-01T09:30:00.000Z',
      steps: [
        { task: `${ID}.1`, state: 'SUCCEEDED' as const },
        { task: `${ID}.2`, state: 'RUNNING' as const },
        { task: `${ID}.3`, state: 'WAITING' as const },
      ],
    },
  });

/** The bodies: core's own schemas. */
export const chainSpecShape = chainSpecSchema.meta({
  id: 'ChainSpec',
  example: { steps: [{ command: 'seq 1 10' }, { command: 'tac' }] },
});
export const setSpecShape = setSpecSchema.meta({
  id: 'SetSpec',
  example: { tasks: [{ command: 'echo one' }, { command: 'echo two' }], then: { command: 'cat' } },
});
