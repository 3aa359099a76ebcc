import { enqueueChunk } from './enqueue-batch.ts';
import { enqueueAs } from './enqueue-task.ts';
import { MillraceError } from './errors.ts';
import { CHUNK_RETENTION_MS, ROW_RETENTION_MS } from './limits.ts';
import { expiryAfter } from './new-row.ts';
import type { Ports } from './ports.ts';
import type { QueueDefinition } from './queue-definition.ts';
import { canonicalContent, type TaskSpec } from './task-spec.ts';
import { MEMBERS_CHUNK, stepId, workflowId, type StepSpec, type WorkflowRow } from './workflow-row.ts';

/** What a workflow is made of. */
export type WorkflowSpec =
  | { readonly kind: 'chain'; readonly steps: readonly StepSpec[] }
  | {
      readonly kind: 'set';
      readonly members: readonly TaskSpec[];
      readonly callback: StepSpec;
      readonly evenIfFailed: boolean;
    };

/**
 * Takes a workflow: stores what its later tasks need, then enqueues its first step, or its members as the one chunk
 * of a batch. It is accepted when both are done; a crash between leaves a row that the same key completes, and that
 * otherwise expires.
 * @param idempotencyKey the same key with the same content is the same workflow; with another content a conflict
 * @throws MillraceError `content_conflict`
 */
export async function enqueueWorkflow(
  ports: Ports,
  definition: QueueDefinition,
  spec: WorkflowSpec,
  idempotencyKey?: string,
): Promise<{ workflow: WorkflowRow; created: boolean }> {
  const queue = definition.name;
  const id =
    idempotencyKey === undefined
      ? workflowId(ports.newId())
      : workflowId(`k-${ports.digest(JSON.stringify(['workflow', queue, idempotencyKey])).slice(0, 32)}`);
  const now = ports.clock();
  const fresh: WorkflowRow = {
    id,
    kind: spec.kind,
    queue,
    hash: ports.digest(JSON.stringify(canonicalSpec(queue, spec))),
    createdAt: now,
    total: spec.kind === 'chain' ? spec.steps.length : spec.members.length,
    ...(spec.kind === 'set' && spec.evenIfFailed && { evenIfFailed: true }),
    done: [],
    expiresAt: expiryAfter(now, CHUNK_RETENTION_MS),
  };
  const steps = spec.kind === 'chain' ? spec.steps : [spec.callback];
  const existing = await ports.workflows.store(fresh, steps);
  if (existing) assertSame(existing, fresh);
  const workflow = existing ?? fresh;
  if (spec.kind === 'chain')
    await startChain(ports, definition, workflow, spec.steps, existing !== undefined);
  else {
    const tasks = spec.members.map((task, at) => ({ line: at + 1, task }));
    await enqueueChunk(ports, { batch: id, chunk: MEMBERS_CHUNK, queue, tasks });
  }
  return { workflow, created: existing === undefined };
}

async function startChain(
  ports: Ports,
  definition: QueueDefinition,
  workflow: WorkflowRow,
  steps: readonly StepSpec[],
  isRepeated: boolean,
): Promise<void> {
  const [first] = steps;
  if (!first) throw new Error('a chain has at least one step');
  const id = stepId(workflow.id, 1);
  if (isRepeated && (await ports.tasks.read(id))) return; // its message went first
  await enqueueAs(ports, definition, { id, hash: stepHash(ports, workflow, 1), content: { task: first } });
}

/**
 * The hash of a step is that of its place, not of what it is fed: whoever enqueues it, or cancels it before that,
 * says the same.
 */
export function stepHash(
  { digest }: Pick<Ports, 'digest'>,
  workflow: WorkflowRow,
  step: number | 'then',
): string {
  return digest(JSON.stringify([workflow.id, workflow.hash, step]));
}

function canonicalSpec(queue: string, spec: WorkflowSpec): unknown {
  const ofTask = (task: TaskSpec) => canonicalContent(queue, task);
  const ofStep = ({ into, ...task }: StepSpec) => [ofTask(task), into];
  return spec.kind === 'chain'
    ? ['chain', spec.steps.map(ofStep)]
    : ['set', spec.members.map(ofTask), ofStep(spec.callback), spec.evenIfFailed];
}

function assertSame(existing: WorkflowRow, fresh: WorkflowRow): void {
  if (existing.hash !== fresh.hash) {
    throw new MillraceError('content_conflict', 'This idempotency key was used for another workflow.', {
      expected: 'the same content as before, under the same key',
      got: `other content; the key belongs to workflow ${existing.id}`,
      hint: 'Use a new Idempotency-Key for a new workflow.',
      extra: { workflow: existing.id },
    });
  }
  // The rows of its first tasks may be gone by now: it would be begun again, and go on from wherever rows are left.
  if (fresh.createdAt - existing.createdAt >= ROW_RETENTION_MS) {
    throw new MillraceError('content_conflict', 'This idempotency key was used long ago.', {
      expected: 'a repetition within 30 days, or a new key',
      got: `the key of workflow ${existing.id}`,
      hint: 'Use a new Idempotency-Key to run it again.',
      extra: { workflow: existing.id },
    });
  }
}
