import type { BatchRow, ChunkRow } from './batch-row.ts';
import type { FoldedRow, LedgerRow, LedgerUpdate } from './ledger-row.ts';
import type { NewerNote, QueueControl, RenewalState, WorkerReport } from './queue-control.ts';
import type { QueueDefinition } from './queue-definition.ts';
import type { Scheduler } from './scheduler.ts';
import type { TaskRow } from './task-row.ts';
import type { TaskChange } from './transition.ts';
import type { WorkflowStore } from './workflow-store.ts';

/**
 * What the core needs of the world. Every method may reject when its outcome is unknown (a lost answer, a
 * throttled write, a timeout): the request may have taken effect, or may yet.
 */

/** ms since the epoch. */
export type Clock = () => number;
/** In [0, 1). */
export type Random = () => number;
/** A name that nobody else has, of letters, digits and `-`. */
export type NewId = () => string;
/** A collision-resistant digest of a text, of letters and digits, at most 64 of them. */
export type Digest = (text: string) => string;

export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** `row`: as it is after the change, or as it was when the change was refused. */
export type ChangeResult =
  | { readonly done: true; readonly row: TaskRow }
  | { readonly done: false; readonly row: TaskRow | undefined };

/** Output that does not fit the state item. `result` is JSON text. */
export interface TaskOutput {
  readonly attempt: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly result?: string;
}

/** Changes of several tasks in one request, where the service has that. */
export interface ChangesTogether {
  /** The most in one request. */
  readonly max: number;
  /** False once the service was found to have no such request. */
  isOffered(): boolean;
  /**
   * Asks for changes of different tasks, each of which takes effect or not by itself.
   * @returns for each whether it took effect; false also for one that was not understood
   */
  change(changes: readonly TaskChange[]): Promise<readonly boolean[]>;
}

export interface TaskStore {
  /** To be judged. Reads are strongly consistent. Rejects with NewerRowError for what a newer version has written. */
  read(id: string): Promise<TaskRow | undefined>;
  /** To be shown: of what a newer version has written, as much as is understood. */
  show(id: string): Promise<TaskRow | undefined>;
  /** An id may be named more than once. */
  showMany(ids: readonly string[]): Promise<Map<string, TaskRow>>;
  change(change: TaskChange): Promise<ChangeResult>;
  readonly together?: ChangesTogether;
  /** Keeps what a later attempt has written. */
  writeOutput(id: string, output: TaskOutput, expiresAt: number): Promise<void>;
  readOutput(id: string): Promise<TaskOutput | undefined>;
  /** Of any length. Written again with the same content at each failure. */
  writePayload(id: string, text: string, expiresAt: number): Promise<void>;
  readPayload(id: string): Promise<string | undefined>;
  /** One page of the index of a queue, or of its failed tasks; see src/core/list-tasks.ts. */
  page(query: IndexQuery): Promise<IndexPage>;
}

export interface IndexQuery {
  readonly queue: string;
  readonly index: 'all' | 'failed';
  readonly shard: number;
  readonly newestFirst: boolean;
  readonly limit: number;
  /** Sort key to go on behind. */
  readonly after?: string | undefined;
}
/**
 * `key` orders entries of all shards by time, which is `at`, in ms: of creation, or in the index of failed tasks of
 * the end. An index may show what its row no longer says, or never did: an entry counts only if the row has that
 * time. A chunk stands for its tasks.
 */
export type IndexEntry = { readonly key: string; readonly at: number } & (
  { readonly task: string } | { readonly chunk: { readonly batch: string; readonly chunk: number } }
);
export interface IndexPage {
  readonly entries: readonly IndexEntry[];
  readonly more: boolean;
}

export interface LedgerStore {
  read(queue: string, ledger: string): Promise<LedgerRow | undefined>;
  /** Done when the ledger stood at `from` and is not closed. `row`: as it then is. */
  advance(update: LedgerUpdate): Promise<{ done: boolean; row: LedgerRow | undefined }>;
  /** Closes it unless its seq has reached `below`. A ledger that is not there is made, closed at 0. */
  close(
    queue: string,
    ledger: string,
    below: number,
    at: number,
  ): Promise<{ done: boolean; row: LedgerRow | undefined }>;
  /** Those that are not retired. */
  list(queue: string): Promise<readonly LedgerRow[]>;
  /** Takes a closed ledger out of the list; `read` and `close` know it until it expires (s). */
  retire(ledger: LedgerRow, expiresAt: number): Promise<void>;
  readFolded(of: FoldedRow['of']): Promise<FoldedRow | undefined>;
  /** Writes the row if the stored one still has this revision (0: none is stored). */
  replaceFolded(row: FoldedRow, revision: number): Promise<boolean>;
}

export interface BatchStore {
  readChunk(batch: string, chunk: number): Promise<ChunkRow | undefined>;
  /** Stores it unless it is there; returns the one that is there then. */
  storeChunk(chunk: ChunkRow): Promise<ChunkRow | undefined>;
  markSent(batch: string, chunk: number): Promise<void>;
  /** Chunks stored before this time (ms) that are not marked sent. */
  unsentChunks(queue: string, before: number): Promise<readonly { batch: string; chunk: number }[]>;
  read(batch: string): Promise<BatchRow | undefined>;
  /** Writes the row if the stored one still has this revision (0: none is stored). */
  replace(row: BatchRow, revision: number): Promise<boolean>;
}

/** Spot is cheaper, and may be taken back or not to be had. */
export type Capacity = 'spot' | 'on-demand';
/** When a launched worker leaves; see src/worker/worker-settings.ts. */
export type LaunchMode = 'once' | 'until-empty' | 'forever';

/** What a launcher has set out to start, written before it asks for the first worker. */
export interface LaunchLock {
  /** The tokens of its requests are made of it, so that one sent again starts nothing twice. */
  readonly token: string;
  /** ms. */
  readonly at: number;
  readonly mode: LaunchMode;
  /** Each is one request. */
  readonly orders: readonly { readonly count: number; readonly capacity: Capacity }[];
  /** Until then (ms) whoever wrote this is presumed to be at it. 0: it is over. */
  readonly heldUntil: number;
  /** Ids of the workers that were started; absent until every order has been answered. */
  readonly started?: readonly string[];
  /** Ids of workers that were started shortly before. */
  readonly before: readonly string[];
}

export interface QueueStore {
  readLaunchLock(queue: string): Promise<LaunchLock | undefined>;
  /**
   * Replaces the lock that was read (undefined: there was none). False when another is stored meanwhile, or when
   * the new one is not over and the queue is paused.
   */
  takeLaunchLock(queue: string, lock: LaunchLock, read: LaunchLock | undefined): Promise<boolean>;
  readControl(queue: string): Promise<QueueControl>;
  setPaused(queue: string, paused: boolean): Promise<void>;
  /** Only ever moves forward. */
  setPurgedBefore(queue: string, at: number): Promise<void>;
  noteCancel(queue: string): Promise<void>;
  noteNewer(queue: string, note: NewerNote): Promise<void>;
  setRenewal(queue: string, renewal: RenewalState): Promise<void>;
  reportWorker(queue: string, report: WorkerReport, expiresAt: number): Promise<void>;
  removeWorker(queue: string, worker: string): Promise<void>;
  workers(queue: string): Promise<readonly WorkerReport[]>;
}

export interface QueueCatalog {
  list(): Promise<readonly QueueDefinition[]>;
  find(name: string): Promise<QueueDefinition | undefined>;
}

export interface OutgoingMessage {
  readonly body: string;
  /** Of the envelope. Absent: a raw message. */
  readonly version?: string;
  readonly delaySeconds?: number | undefined;
  readonly tenant?: string | undefined;
}

export interface ReceivedMessage {
  readonly messageId: string;
  readonly receipt: string;
  readonly body: string;
  /** Of the envelope; absent on a raw message. */
  readonly version: string | undefined;
  /** ms; of this message, not of the task. */
  readonly sentAt: number;
  readonly tenant: string | undefined;
  /** About how often it has been received: good for guesses alone. */
  readonly receives?: number;
}

export interface QueueCounts {
  readonly visible: number;
  readonly delayed: number;
  readonly inFlight: number;
}

export interface MessageQueue {
  /** Sends all, in calls as full as possible; rejects when any may be missing. */
  send(messages: readonly OutgoingMessage[]): Promise<void>;
  /** At most 10. @param visibilitySeconds how long others do not see them; what the queue says unless told */
  receive(
    max: number,
    waitSeconds: number,
    signal?: AbortSignal,
    visibilitySeconds?: number,
  ): Promise<readonly ReceivedMessage[]>;
  delete(receipts: readonly string[]): Promise<void>;
  /** How long from now until each is visible again. */
  setVisibility(entries: readonly { receipt: string; seconds: number }[]): Promise<void>;
  counts(): Promise<QueueCounts>;
}

export interface MessageQueues {
  main(queue: string): MessageQueue;
  dead(queue: string): MessageQueue;
}

/** Tells the launcher that there is work, instead of leaving that to its next minute. */
export interface Waker {
  /** @param sent how many messages were sent just now: SQS's own count may not have them yet */
  wake(queue: string, sent: number): Promise<void>;
}

/** Everything that a use case may need. */
export interface Ports {
  readonly tasks: TaskStore;
  readonly ledgers: LedgerStore;
  readonly batches: BatchStore;
  readonly workflows: WorkflowStore;
  readonly queues: QueueStore;
  readonly catalog: QueueCatalog;
  readonly messages: MessageQueues;
  /** Where tasks are taken: the API has one, workers do not. */
  readonly scheduler?: Scheduler;
  readonly clock: Clock;
  readonly random: Random;
  readonly newId: NewId;
  readonly digest: Digest;
  readonly log: Log;
}
