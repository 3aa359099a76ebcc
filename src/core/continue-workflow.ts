import { cancelTask } from './cancel.ts';
import type { Ending } from './claimant.ts';
import { enqueueAs } from './enqueue-task.ts';
import { stepHash } from './enqueue-workflow.ts';
import type { TaskContent } from './envelope.ts';
import { feedStep, handedOn } from './feed-step.ts';
import { CHUNK_RETENTION_MS } from './limits.ts';
import { expiryAfter } from './new-row.ts';
import { feedCallback } from './set-results.ts';
import { isTerminal } from './task-states.ts';
import type { TaskRow } from './task-row.ts';
import { callbackId, parseWorkflowTaskId, stepId, type StepSpec, type WorkflowRow } from './workflow-row.ts';

/**
 * What the end of a task sets off in its workflow: the next step of a chain, the callback of a set. Whoever holds
 * the message of a task that has ended calls this before the message is deleted, so that a crash at any instant
 * repeats it; repeated, it does nothing more.
 * Requires: the end is recorded and counted. Writes: a mark on a set's row; message and row of the next task.
 * @returns true when the message may be deleted; false when that must wait. Rejects when an outcome stays unknown:
 *   the message must stay then, too.
 */
export async function continueWorkflow(ending: Ending, row: TaskRow): Promise<boolean> {
  const place = parseWorkflowTaskId(row.id);
  if (!place || 'isCallback' in place) return true;
  return 'step' in place
    ? continueChain(ending, row, place.workflow, place.step)
    : continueSet(ending, row, place.workflow, place.member);
}

async function continueChain(ending: Ending, row: TaskRow, id: string, step: number): Promise<boolean> {
  const { ports } = ending;
  if (row.state !== 'SUCCEEDED') return true;
  const workflow = await ports.workflows.read(id);
  if (!workflow) return forgotten(ending, row);
  if (step >= workflow.total) return true;
  return begin(ending, workflow, step + 1, async (spec) => {
    const output = row.outputOf === undefined ? undefined : await ports.tasks.readOutput(row.id);
    return feedStep(spec, handedOn(row, output));
  });
}

async function continueSet(ending: Ending, row: TaskRow, id: string, member: number): Promise<boolean> {
  const { workflows } = ending.ports;
  if (row.state !== 'SUCCEEDED') {
    const workflow = await workflows.read(id);
    if (!workflow) return forgotten(ending, row);
    if (!workflow.evenIfFailed) return true;
  }
  // The answer tells what holds right after this write: the last one to write sees that all are there.
  const workflow = await workflows.addDone(id, member);
  if (!workflow) return forgotten(ending, row);
  if (workflow.done.length < workflow.total) return true;
  return begin(ending, workflow, 'then', (spec) => feedCallback(ending.ports, workflow, spec));
}

/** Enqueues a step or a callback, once; in a cancelled workflow, ends it instead. @param feed undefined: not now */
async function begin(
  ending: Ending,
  workflow: WorkflowRow,
  step: number | 'then',
  feed: (spec: StepSpec) => Promise<TaskContent | undefined>,
): Promise<boolean> {
  const { ports, definition } = ending;
  if (workflow.cancelledAt !== undefined) return cancelNext(ending, workflow, step);
  const id = step === 'then' ? callbackId(workflow.id) : stepId(workflow.id, step);
  if (await ports.tasks.read(id)) return true; // its message went first
  const steps = await ports.workflows.readSteps(workflow.id);
  const spec = steps?.[step === 'then' ? 0 : step - 1];
  if (!spec) throw new Error(`step ${step} of workflow ${workflow.id} is not kept`);
  const content = await feed(spec);
  if (!content) return true;
  await keepLonger(ending, workflow);
  await enqueueAs(ports, definition, { id, hash: stepHash(ports, workflow, step), content });
  ports.log.info({ workflow: workflow.id, taskId: id }, 'workflow goes on');
  return true;
}

/**
 * Ends the next task of a cancelled workflow, which may not even have a row: a message that was sent for it before
 * the cancel, and not answered for, then finds that it has ended.
 * @returns whether its end is counted, or owed by its own message
 */
export async function cancelNext(
  ending: Ending,
  workflow: WorkflowRow,
  step: number | 'then',
): Promise<boolean> {
  const { ports, settler } = ending;
  const id = step === 'then' ? callbackId(workflow.id) : stepId(workflow.id, step);
  const before = await ports.tasks.read(id);
  if (!before || !isTerminal(before.state)) {
    const [spec] =
      (await ports.workflows.readSteps(workflow.id))?.slice(step === 'then' ? 0 : step - 1) ?? [];
    const unborn = { id, hash: stepHash(ports, workflow, step), at: ports.clock(), ...(spec && { spec }) };
    await cancelTask(ending, id, unborn);
  }
  const after = await ports.tasks.read(id);
  return !after || !isTerminal(after.state) || settler.settleTerminal(after);
}

/** A chain may go on for longer than its row was to be kept at first. */
async function keepLonger({ ports }: Ending, { id, expiresAt }: WorkflowRow): Promise<void> {
  const now = ports.clock();
  if (expiresAt * 1000 - now > CHUNK_RETENTION_MS / 2) return;
  await ports.workflows.extend(id, expiryAfter(now, CHUNK_RETENTION_MS));
}

function forgotten({ ports }: Ending, row: TaskRow): boolean {
  ports.log.error({ taskId: row.id }, 'the workflow of this task is no longer kept: it does not go on');
  return true;
}
