import { parseBatchTaskId } from '../batch-row.ts';
import type { LedgerRow } from '../ledger-row.ts';
import { CLOCK_SKEW_MS, SCHEDULER_TRIES_MS, settleGraceMs } from '../limits.ts';
import type { Ports } from '../ports.ts';
import type { QueueDefinition } from '../queue-definition.ts';
import { isSentLater } from '../send-later.ts';
import type { TaskRow } from '../task-row.ts';
import { isTerminal, type TerminalState } from '../task-states.ts';
import { iso } from '../task-view.ts';
import type { Survey } from './inspector.ts';
import { NO_ENDS, type Tally } from './tally.ts';

export type RecountPorts = Pick<Ports, 'tasks' | 'ledgers' | 'batches' | 'clock'>;

/** What the rows of a batch say; of a part of them, in a slice. */
export interface BatchTally {
  readonly id: string;
  readonly rows: number;
  /** Chunks that the index shows, or that were read. */
  readonly chunks: number;
  /** How many tasks these chunks hold: only when they were read. */
  readonly tasks?: number | undefined;
  readonly counted: Tally;
}

/** So many, and the ids of some. */
export interface Some {
  readonly count: number;
  readonly examples: readonly string[];
}

/** What a part of the rows says. Times are ISO 8601. */
export interface RecountSlice {
  readonly rows: number;
  /** Without those whose message a scheduler has. */
  readonly pending: number;
  readonly running: number;
  /** Ends that their ledgers count: what the recorded progress must say. */
  readonly counted: Tally;
  readonly batches: readonly BatchTally[];
  /** Ends that no ledger counts yet. */
  readonly uncounted: number;
  /** Those among them that their own process has had time enough for; up to 100 examples. */
  readonly lying: Some;
  /** RUNNING, and the lease has passed. */
  readonly expired: Some;
  /** Written by a newer version. */
  readonly newer: Some;
  /** When the oldest task that has not ended was enqueued, or sent by a scheduler. */
  readonly oldestOpen?: string | undefined;
  /** When the oldest task or chunk was enqueued. */
  readonly oldest?: string | undefined;
  /** Go on from here; absent at the end. */
  readonly cursor?: string | undefined;
}

const MAX_EXAMPLES = 100;

/** Adds up what rows say: which ends their ledgers count, and what is odd about them. */
export class SliceCounter {
  readonly #ports: RecountPorts;
  readonly #definition: QueueDefinition;
  readonly #seqs = new Map<string, number | Promise<number>>();
  readonly #batches = new Map<
    string,
    { rows: number; chunks: number; tasks: number | undefined; counted: Tally }
  >();
  readonly #lying = new Examples();
  readonly #expired = new Examples();
  readonly #newer = new Examples();
  #counted: Tally = NO_ENDS;
  #uncounted = 0;
  #pending = 0;
  #running = 0;
  #oldestOpen = Infinity;
  #oldest = Infinity;
  rows = 0;

  constructor(ports: RecountPorts, definition: QueueDefinition, listed: readonly LedgerRow[]) {
    this.#ports = ports;
    this.#definition = definition;
    for (const { ledger, seq } of listed) this.#seqs.set(ledger, seq);
  }

  seen(at: number): void {
    this.#oldest = Math.min(this.#oldest, at);
  }

  addChunk(batch: string, tasks?: number): void {
    const entry = this.#batch(batch);
    entry.chunks += 1;
    if (tasks !== undefined) entry.tasks = (entry.tasks ?? 0) + tasks;
  }

  async addSurvey({ rows, newer }: Survey): Promise<void> {
    this.rows += rows.size + newer.length;
    for (const { id, version } of newer) this.#newer.add(`${id} (version ${version})`);
    for (const row of rows.values()) await this.#add(row);
  }

  toSlice(cursor?: string): RecountSlice {
    return {
      rows: this.rows,
      pending: this.#pending,
      running: this.#running,
      counted: this.#counted,
      batches: [...this.#batches].map(([id, { tasks, ...batch }]) => ({
        id,
        ...batch,
        ...(tasks !== undefined && { tasks }),
      })),
      uncounted: this.#uncounted,
      lying: this.#lying.toSome(),
      expired: this.#expired.toSome(),
      newer: this.#newer.toSome(),
      ...(this.#oldestOpen !== Infinity && { oldestOpen: iso(this.#oldestOpen) }),
      ...(this.#oldest !== Infinity && { oldest: iso(this.#oldest) }),
      ...(cursor !== undefined && { cursor }),
    };
  }

  async #add(row: TaskRow): Promise<void> {
    const batch = parseBatchTaskId(row.id)?.batch;
    if (batch !== undefined) this.#batch(batch).rows += 1;
    const { state } = row;
    if (!isTerminal(state)) {
      this.#addOpen(row);
      const isOver = (row.lease ?? 0) + CLOCK_SKEW_MS < this.#ports.clock();
      if (state === 'RUNNING' && isOver) this.#expired.add(row.id);
      // Redriven: its old end stays counted until the next one takes it back.
      if (row.countedAs) this.#count(row.countedAs, batch);
      return;
    }
    if (row.stamp && (await this.#seqOf(row.stamp.ledger)) >= row.stamp.n) {
      this.#count(state, batch);
      return;
    }
    this.#uncounted += 1;
    const graceMs = settleGraceMs(this.#definition.leaseSeconds * 1000);
    if (this.#ports.clock() - (row.endedAt ?? 0) > graceMs) this.#lying.add(row.id);
    if (row.countedAs) this.#count(row.countedAs, batch);
  }

  /** One whose message a scheduler still has, or is trying to send, is not in the queue yet, and misses nothing there. */
  #addOpen(row: TaskRow): void {
    const isLater = row.state === 'PENDING' && isSentLater(row);
    const since = isLater ? (row.notBefore ?? 0) : row.createdAt;
    if (isLater && this.#ports.clock() < since + SCHEDULER_TRIES_MS) return;
    this.#oldestOpen = Math.min(this.#oldestOpen, since);
    if (row.state === 'PENDING') this.#pending += 1;
    else this.#running += 1;
  }

  #count(state: TerminalState, batch: string | undefined): void {
    const name = ({ SUCCEEDED: 'succeeded', FAILED: 'failed', CANCELLED: 'cancelled' } as const)[state];
    const raise = (tally: Tally): Tally => ({ ...tally, [name]: tally[name] + 1 });
    this.#counted = raise(this.#counted);
    if (batch === undefined) return;
    const entry = this.#batch(batch);
    entry.counted = raise(entry.counted);
  }

  /** Of a ledger that is not listed: it was folded and retired, or never written. */
  async #seqOf(ledger: string): Promise<number> {
    const known =
      this.#seqs.get(ledger) ??
      this.#ports.ledgers.read(this.#definition.name, ledger).then((row) => row?.seq ?? 0);
    this.#seqs.set(ledger, known);
    return known;
  }

  #batch(id: string) {
    let entry = this.#batches.get(id);
    if (!entry) {
      entry = { rows: 0, chunks: 0, tasks: undefined, counted: NO_ENDS };
      this.#batches.set(id, entry);
    }
    return entry;
  }
}

class Examples {
  #count = 0;
  readonly #examples: string[] = [];

  add(example: string): void {
    this.#count += 1;
    if (this.#examples.length < MAX_EXAMPLES) this.#examples.push(example);
  }

  toSome(): Some {
    return { count: this.#count, examples: this.#examples };
  }
}
