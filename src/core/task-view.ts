import { parseBatchTaskId, type ChunkRow } from './batch-row.ts';
import { CLOCK_SKEW_MS, DEFAULT_MAX_ATTEMPTS } from './limits.ts';
import type { TaskOutput } from './ports.ts';
import type { QueueDefinition } from './queue-definition.ts';
import { programOf, type TaskSpec } from './task-spec.ts';
import type { FailureReason, TaskState } from './task-states.ts';
import type { Program, TaskProgress, TaskRow } from './task-row.ts';
import { parseWorkflowTaskId } from './workflow-row.ts';

/** A task as API and `--json` show it. Absent means not applicable; times are ISO 8601 UTC. */
export interface TaskView {
  id: string;
  queue: string;
  state: TaskState;
  /** The lease of the running attempt has passed: derived, never stored. */
  expired?: true;
  command?: string;
  argv?: readonly string[];
  handler?: string;
  args?: unknown;
  attempt: number;
  maxAttempts: number;
  createdAt: string;
  notBefore?: string;
  startedAt?: string;
  endedAt?: string;
  reason?: FailureReason;
  exitCode?: number;
  signal?: string;
  error?: string;
  stdout?: string;
  stderr?: string;
  result?: unknown;
  progress?: TaskProgress;
  batch?: string;
  /** The chain or set that it is a part of. */
  workflow?: string;
  worker?: string;
  /** The version of the protocol that wrote it, when that is newer: only what is understood of it is shown. */
  newerVersion?: number;
}

/**
 * A row as a reader sees it at this moment.
 * @param program the whole program, where the row has only its beginning
 */
export function toTaskView(row: TaskRow, now: number, program?: Program, output?: TaskOutput): TaskView {
  const shown = program ?? row.program;
  const text = output && output.attempt === row.outputOf ? output : row;
  const isExpired = row.state === 'RUNNING' && (row.lease ?? 0) + CLOCK_SKEW_MS < now;
  const batch = parseBatchTaskId(row.id)?.batch;
  return {
    id: row.id,
    queue: row.queue,
    state: row.state,
    ...(isExpired && { expired: true as const }),
    ...(shown && showProgram(shown)),
    attempt: row.attempt,
    maxAttempts: row.maxAttempts,
    createdAt: iso(row.createdAt),
    ...(row.notBefore !== undefined && { notBefore: iso(row.notBefore) }),
    ...(row.startedAt !== undefined && { startedAt: iso(row.startedAt) }),
    ...(row.endedAt !== undefined && { endedAt: iso(row.endedAt) }),
    ...(row.reason && { reason: row.reason }),
    ...(row.exitCode !== undefined && { exitCode: row.exitCode }),
    ...(row.signal && { signal: row.signal }),
    ...(row.error !== undefined && { error: row.error }),
    ...(text.stdout && { stdout: text.stdout }),
    ...(text.stderr && { stderr: text.stderr }),
    ...(text.result !== undefined && { result: JSON.parse(text.result) as unknown }),
    ...(row.progress && { progress: row.progress }),
    ...(batch !== undefined && { batch }),
    ...workflowOf(row.id),
    ...(row.worker && { worker: row.worker }),
    ...(row.newerVersion !== undefined && { newerVersion: row.newerVersion }),
  };
}

function workflowOf(task: string): { workflow?: string } {
  const place = parseWorkflowTaskId(task);
  return place ? { workflow: place.workflow } : {};
}

function showProgram(program: Program): Pick<TaskView, 'command' | 'argv' | 'handler' | 'args'> {
  if (!('handler' in program)) return program;
  const { handler, args } = program;
  return { handler, ...(args !== undefined && { args: JSON.parse(args) as unknown }) };
}

/** A task of a batch that nobody has claimed: it has no row, and reads as PENDING. */
export function toUnclaimedView(
  chunk: ChunkRow,
  id: string,
  task: TaskSpec,
  definition: QueueDefinition | undefined,
): TaskView {
  const program = programOf(task) ?? (definition?.program && { argv: definition.program });
  return {
    id,
    queue: chunk.queue,
    state: 'PENDING',
    ...(program && showProgram(program)),
    attempt: 0,
    maxAttempts: task.maxAttempts ?? definition?.maxAttempts ?? DEFAULT_MAX_ATTEMPTS,
    createdAt: iso(chunk.createdAt),
    ...(task.delaySeconds ? { notBefore: iso(chunk.createdAt + task.delaySeconds * 1000) } : {}),
    batch: chunk.batch,
    ...workflowOf(id),
  };
}

export function iso(ms: number): string {
  return new Date(ms).toISOString();
}
