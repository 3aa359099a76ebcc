import type { BatchRow, ChunkRow } from '../../src/core/batch-row.ts';
import type { FoldedRow, LedgerRow } from '../../src/core/ledger-row.ts';
import type { LaunchLock, TaskOutput } from '../../src/core/ports.ts';
import type { QueueControl, WorkerReport } from '../../src/core/queue-control.ts';
import type { QueueDefinition } from '../../src/core/queue-definition.ts';
import type { Timer } from '../../src/core/timer.ts';
import type { TaskRow } from '../../src/core/task-row.ts';
import type { StepSpec, WorkflowRow } from '../../src/core/workflow-row.ts';
import type { MemoryMessage } from './memory-queue.ts';

export interface LogEntry {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

/** Everything that the ports hold: tests look at it, and move its clock. */
export interface MemoryState {
  /** ms. */
  now: number;
  /** What `random` answers. */
  random: number;
  /** The number in the latest id. */
  ids: number;
  definitions: QueueDefinition[];
  readonly tasks: Map<string, TaskRow>;
  readonly outputs: Map<string, TaskOutput>;
  readonly payloads: Map<string, string>;
  readonly ledgers: Map<string, LedgerRow>;
  readonly retired: Map<string, LedgerRow>;
  /** By what they are of, as JSON. */
  readonly folded: Map<string, FoldedRow>;
  readonly batches: Map<string, BatchRow>;
  readonly chunks: Map<string, ChunkRow>;
  readonly workflows: Map<string, WorkflowRow>;
  readonly steps: Map<string, readonly StepSpec[]>;
  readonly controls: Map<string, QueueControl>;
  readonly locks: Map<string, LaunchLock>;
  readonly reports: Map<string, { queue: string; report: WorkerReport }>;
  /** Messages of `<queue>` and of `<queue>/dead`. */
  readonly messages: Map<string, MemoryMessage[]>;
  /** By `<queue>/<id>`. */
  readonly timers: Map<string, Timer>;
  readonly log: LogEntry[];
}
