import type { TaskSpec } from './task-spec.ts';

/** One task of a chunk; `line` counts from 1 in the body that was sent as this chunk. */
export interface ChunkTask {
  readonly line: number;
  readonly task: TaskSpec;
}

/** Up to 1,000 tasks of a batch: what they run until they are claimed, and for ever after. */
export interface ChunkRow {
  readonly batch: string;
  readonly chunk: number;
  readonly queue: string;
  readonly hash: string;
  /** ms; the `createdAt` of its tasks. */
  readonly createdAt: number;
  readonly tasks: readonly ChunkTask[];
  readonly sent: boolean;
}

/** A batch: which chunks it has and how many tasks they hold. */
export interface BatchRow {
  readonly id: string;
  readonly queue: string;
  readonly createdAt: number;
  readonly total: number;
  /** Chunks 0…upTo−1 are in the total. */
  readonly upTo: number;
  /** Later chunks that are in it too. */
  readonly ahead: readonly number[];
  /** Rises with each change; 0 is the row that is not there yet. */
  readonly revision: number;
}

/** The batch with this chunk in its total, or undefined when it is in there already. */
export function withChunk(row: BatchRow, chunk: number, tasks: number): BatchRow | undefined {
  if (chunk < row.upTo || row.ahead.includes(chunk)) return undefined;
  const ahead = new Set([...row.ahead, chunk]);
  let upTo = row.upTo;
  while (ahead.delete(upTo)) upTo += 1;
  return {
    ...row,
    total: row.total + tasks,
    upTo,
    ahead: [...ahead].sort((a, b) => a - b),
    revision: row.revision + 1,
  };
}

/** The id of a task of a batch: it tells where its program is. */
export function batchTaskId(batch: string, chunk: number, line: number): string {
  return `${batch}.${chunk}.${line}`;
}

/** Where the program of a task is, or undefined for a task that is in no batch. (`w~`: a set, see workflow-row.ts.) */
export function parseBatchTaskId(id: string): { batch: string; chunk: number; line: number } | undefined {
  const match = /^((?:w~)?[A-Za-z0-9_-]{1,64})\.(0|[1-9][0-9]{0,8})\.([1-9][0-9]{0,8})$/.exec(id);
  if (!match) return undefined;
  return { batch: match[1] ?? '', chunk: Number(match[2]), line: Number(match[3]) };
}
