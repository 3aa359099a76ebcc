import { parseBatchTaskId } from '../core/batch-row.ts';
import { heartbeatMs } from '../core/queue-definition.ts';
import type { WorkerSettings } from './worker-settings.ts';

const CHANGE_MS = 2000; // at most one report in so long when the numbers change
const KEPT_MS = 3600_000;

/** What a worker is doing at this moment. */
export interface WorkNow {
  /** Ids of the running tasks. */
  readonly busy: readonly string[];
  /** How many messages it holds. */
  readonly held: number;
  /** How many it has left for newer workers. */
  readonly newer: number;
}

/** Tells the table, for the progress of the queue, what this worker is doing. */
export class WorkerReporter {
  readonly #settings: WorkerSettings;
  readonly #read: () => WorkNow;
  readonly #timer: NodeJS.Timeout;
  #last = '';
  #reportedAt = -Infinity;
  #reporting: Promise<void> | undefined;

  constructor(settings: WorkerSettings, read: () => WorkNow) {
    this.#settings = settings;
    this.#read = read;
    this.#timer = setInterval(() => this.#tick(), Math.min(CHANGE_MS, heartbeatMs(settings.definition) / 2));
    this.#tick(); // one that dies soon must be known to have been there
  }

  /** Takes the report back: the worker is gone, and runs nothing. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#reporting;
    const { ports, definition, worker } = this.#settings;
    await ports.queues
      .removeWorker(definition.name, worker)
      .catch((error: unknown) => ports.log.warn({ err: error }, 'could not take the last report back'));
  }

  #tick(): void {
    const { busy, held, newer } = this.#read();
    const batches: Record<string, number> = {};
    for (const id of busy) {
      const batch = parseBatchTaskId(id)?.batch;
      if (batch !== undefined) batches[batch] = (batches[batch] ?? 0) + 1;
    }
    const state = JSON.stringify([busy.length, held, newer, batches]);
    const { ports, definition, worker, slots, monotonic } = this.#settings;
    const isDue = monotonic() - this.#reportedAt >= heartbeatMs(definition);
    if (this.#reporting || (state === this.#last && !isDue)) return;
    const at = ports.clock();
    const report = { worker, slots, busy: busy.length, held, batches, ...(newer > 0 && { newer }), at };
    this.#reporting = ports.queues
      .reportWorker(definition.name, report, Math.ceil((at + KEPT_MS) / 1000))
      .then(
        () => {
          this.#last = state;
          this.#reportedAt = monotonic();
        },
        (error: unknown) => ports.log.warn({ err: error }, 'could not report what this worker is doing'),
      )
      .finally(() => (this.#reporting = undefined));
  }
}
