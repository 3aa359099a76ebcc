import { MillraceError } from './errors.ts';
import { handedOn } from './feed-step.ts';
import { ROW_RETENTION_MS } from './limits.ts';
import type { Ports } from './ports.ts';
import { readBatchProgress, type BatchProgress } from './progress.ts';
import type { FailureReason, TaskState } from './task-states.ts';
import type { TaskRow } from './task-row.ts';
import { iso } from './task-view.ts';
import { callbackId, memberId, stepId, type WorkflowKind, type WorkflowRow } from './workflow-row.ts';

/** WAITING: it is not enqueued yet. */
export type StepState = TaskState | 'WAITING';

export interface StepView {
  task: string;
  state: StepState;
  reason?: FailureReason;
  error?: string;
}

/** A workflow as API and `--json` show it. Absent means not applicable. */
export interface WorkflowView {
  id: string;
  kind: WorkflowKind;
  queue: string;
  /** PENDING until something of it has begun; FAILED until what FAILED is redriven. */
  state: TaskState;
  createdAt: string;
  cancelRequested?: true;
  /** Of a chain, in their order. */
  steps?: readonly StepView[];
  /** Of a set: how many of its tasks are where. */
  members?: Omit<BatchProgress, 'id' | 'queue'>;
  then?: StepView;
  /** What its last step or its callback left: its result, or else the end of its STDOUT. */
  result?: unknown;
}

/** @throws MillraceError `unknown_workflow` */
export async function readWorkflow(ports: Ports, id: string): Promise<WorkflowView> {
  const workflow = await ports.workflows.read(id);
  if (!workflow) throw unknownWorkflow(id);
  return workflow.kind === 'chain' ? readChain(ports, workflow) : readSet(ports, workflow);
}

/**
 * The states of all steps, by their rows: those before one that was begun have SUCCEEDED, with or without a row.
 * @throws MillraceError `unknown_workflow` when there is no row: it was not accepted, or is over for long
 */
export async function readChainStates(
  ports: Pick<Ports, 'tasks'>,
  workflow: WorkflowRow,
): Promise<readonly StepState[]> {
  return statesOf(await readSteps(ports, workflow));
}

async function readSteps({ tasks }: Pick<Ports, 'tasks'>, { id, total }: WorkflowRow) {
  const ids = Array.from({ length: total }, (_, at) => stepId(id, at + 1));
  const rows = await tasks.showMany(ids);
  if (rows.size === 0) throw unknownWorkflow(id);
  return ids.map((task) => ({ task, row: rows.get(task) }));
}

function statesOf(steps: readonly { row: TaskRow | undefined }[]): StepState[] {
  const last = steps.findLastIndex(({ row }) => row);
  return steps.map(({ row }, at) => row?.state ?? (at < last ? 'SUCCEEDED' : 'WAITING'));
}

async function readChain(ports: Ports, workflow: WorkflowRow): Promise<WorkflowView> {
  const steps = await readSteps(ports, workflow);
  const states = statesOf(steps);
  const views = steps.map(({ task, row }, at) => toStepView(task, states[at] ?? 'WAITING', row));
  return {
    ...headOf(workflow, chainState(workflow, steps, states)),
    steps: views,
    ...(await resultOf(ports, steps.at(-1)?.row)),
  };
}

function chainState(
  { cancelledAt }: WorkflowRow,
  steps: readonly { row: TaskRow | undefined }[],
  states: readonly StepState[],
): TaskState {
  const open = states.findIndex((state) => state !== 'SUCCEEDED');
  if (open < 0) return 'SUCCEEDED';
  const state = states[open];
  const isCancelled = cancelledAt !== undefined;
  if (state === 'CANCELLED' || state === 'FAILED') return isCancelled ? 'CANCELLED' : state;
  if (state === 'WAITING') return isCancelled ? 'CANCELLED' : 'RUNNING';
  return open === 0 && state === 'PENDING' && steps[0]?.row?.attempt === 0 ? 'PENDING' : 'RUNNING';
}

async function readSet(ports: Ports, workflow: WorkflowRow): Promise<WorkflowView> {
  if (!(await ports.batches.read(workflow.id))) throw unknownWorkflow(workflow.id);
  const task = callbackId(workflow.id);
  const [progress, callback] = await Promise.all([
    readBatchProgress(ports, workflow.id),
    ports.tasks.read(task),
  ]);
  const isOld = ports.clock() - workflow.createdAt > ROW_RETENTION_MS;
  if (!callback && isOld && workflow.done.length === workflow.total && !(await hasMembers(ports, workflow)))
    throw unknownWorkflow(workflow.id);
  const { id: _id, queue: _queue, ...members } = progress;
  return {
    ...headOf(workflow, setState(workflow, members, callback)),
    members,
    then: toStepView(task, callback?.state ?? 'WAITING', callback),
    ...(await resultOf(ports, callback)),
  };
}

/** Long after all is over, their rows are gone, and that of the callback with them. */
async function hasMembers({ tasks }: Pick<Ports, 'tasks'>, { id, total }: WorkflowRow): Promise<boolean> {
  const ids = Array.from({ length: total }, (_, at) => memberId(id, at + 1));
  return (await tasks.showMany(ids)).size > 0;
}

function setState(
  { cancelledAt, evenIfFailed }: WorkflowRow,
  { pending, running, succeeded, failed, cancelled, total }: Omit<BatchProgress, 'id' | 'queue'>,
  callback: TaskRow | undefined,
): TaskState {
  if (callback) return callback.state === 'PENDING' ? 'RUNNING' : callback.state;
  if (pending + running > 0) return pending === total && cancelledAt === undefined ? 'PENDING' : 'RUNNING';
  if (cancelledAt !== undefined) return 'CANCELLED';
  if (evenIfFailed || succeeded === total) return 'RUNNING'; // about to be called back
  // A cancelled member is so for good, a failed one until it is redriven.
  if (cancelled > 0) return 'CANCELLED';
  return failed > 0 ? 'FAILED' : 'RUNNING';
}

function headOf({ id, kind, queue, createdAt, cancelledAt }: WorkflowRow, state: TaskState) {
  const cancel = cancelledAt !== undefined && { cancelRequested: true as const };
  return { id, kind, queue, state, createdAt: iso(createdAt), ...cancel };
}

function toStepView(task: string, state: StepState, row: TaskRow | undefined): StepView {
  return {
    task,
    state,
    ...(row?.reason && state === 'FAILED' && { reason: row.reason }),
    ...(row?.error !== undefined && state === 'FAILED' && { error: row.error }),
  };
}

async function resultOf(
  { tasks }: Pick<Ports, 'tasks'>,
  row: TaskRow | undefined,
): Promise<{ result?: unknown }> {
  if (row?.state !== 'SUCCEEDED') return {};
  const left = handedOn(row, row.outputOf === undefined ? undefined : await tasks.readOutput(row.id));
  return left ? { result: left.value } : {};
}

export function unknownWorkflow(id: string): MillraceError {
  return new MillraceError('unknown_workflow', `There is no workflow with the id ${JSON.stringify(id)}.`, {
    hint: 'Check the id: it was in the answer that took the workflow. It is forgotten when its last task is, some weeks after its end.',
  });
}
