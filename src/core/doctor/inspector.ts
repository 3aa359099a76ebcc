import type { TaskRow } from '../task-row.ts';
import type { QueueCounts } from '../ports.ts';

/** A queue of SQS as it is set up. Seconds. */
export interface SqsQueue {
  readonly name: string;
  readonly counts: QueueCounts;
  readonly visibilitySeconds: number;
  readonly retentionSeconds: number;
  readonly receiveWaitSeconds: number;
  /** Of its redrive policy; absent: it has none. */
  readonly maxReceiveCount?: number | undefined;
  /** Name of the queue that its policy sends dead letters to. */
  readonly deadLetterQueue?: string | undefined;
  /** ms. */
  readonly createdAt?: number | undefined;
}

/** Rows as they are found; `newer` are those that a newer version has written: they are not read. */
export interface Survey {
  readonly rows: ReadonlyMap<string, TaskRow>;
  readonly newer: readonly { readonly id: string; readonly version: number }[];
}

/** What the doctor reads of the world that nothing else asks for. */
export interface Inspector {
  /** undefined: SQS has no such queue. Rejects when it cannot be read. */
  describeQueue(queue: string, which: 'main' | 'dead'): Promise<SqsQueue | undefined>;
  /** Eventually consistent, which is half the price: what looks wrong is looked at again. */
  survey(ids: readonly string[]): Promise<Survey>;
  /** When a ledger was written for the first time (ms), as far as ledgers are kept; folded ones are for 90 days. */
  firstLedgerWrite(queue: string): Promise<number | undefined>;
}
