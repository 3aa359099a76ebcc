import type { BatchRow, ChunkRow } from '../../src/core/batch-row.ts';
import type { FoldedRow, LedgerRow } from '../../src/core/ledger-row.ts';
import type { TaskOutput } from '../../src/core/ports.ts';
import type { QueueControl, WorkerReport } from '../../src/core/queue-control.ts';
import type { TaskRow } from '../../src/core/task-row.ts';
import type { StepSpec, WorkflowRow } from '../../src/core/workflow-row.ts';

/** An entry of a lagging index: seen from some time after `from` until some time after `until` (true ms). */
export interface IndexSpan<T> {
  readonly key: string;
  readonly entry: T;
  readonly from: number;
  until?: number;
}

/** What DynamoDB holds. Rows are never changed in place, so that answers may share them. */
export interface Tables {
  readonly tasks: Map<string, TaskRow>;
  readonly outputs: Map<string, TaskOutput>;
  readonly payloads: Map<string, string>;
  readonly ledgers: Map<string, LedgerRow>;
  readonly retired: Map<string, LedgerRow>;
  /** By what they are of, as JSON. */
  readonly folded: Map<string, FoldedRow>;
  readonly batches: Map<string, BatchRow>;
  /** By `<batch>/<chunk>`: the two items of a chunk. */
  readonly programs: Map<string, Omit<ChunkRow, 'sent'>>;
  readonly marks: Map<string, boolean>;
  readonly workflows: Map<string, WorkflowRow>;
  readonly steps: Map<string, readonly StepSpec[]>;
  readonly unsentIndex: IndexSpan<{ queue: string; batch: string; chunk: number }>[];
  readonly failedIndex: IndexSpan<{ queue: string; task: string }>[];
  readonly reports: Map<string, WorkerReport>;
  control: QueueControl;
  /** Pauses and resumes so far. */
  switches: number;
}

export function makeTables(): Tables {
  return {
    tasks: new Map(),
    outputs: new Map(),
    payloads: new Map(),
    ledgers: new Map(),
    retired: new Map(),
    folded: new Map(),
    batches: new Map(),
    programs: new Map(),
    marks: new Map(),
    workflows: new Map(),
    steps: new Map(),
    unsentIndex: [],
    failedIndex: [],
    reports: new Map(),
    control: { paused: false, purgedBefore: 0, cancels: 0 },
    switches: 0,
  };
}

/** What an index that lags by `lagMs` shows. */
export function seenIn<T>(index: readonly IndexSpan<T>[], at: number): IndexSpan<T>[] {
  return index.filter(({ from, until }) => from <= at && (until === undefined || until > at));
}
