import type { ChangeResult, Ports } from './ports.ts';
import { LedgerBook, type CountedEnd } from './ledger-book.ts';
import type { LedgerRow, LedgerUpdate } from './ledger-row.ts';
import { MAX_LEDGER_ITEM_BYTES } from './limits.ts';
import { parseBatchTaskId } from './batch-row.ts';
import { isTerminal } from './task-states.ts';
import type { Stamp, TaskRow } from './task-row.ts';
import { isSameStamp, type TaskChange } from './transition.ts';

type SettlePorts = Pick<Ports, 'tasks' | 'ledgers' | 'clock' | 'newId' | 'log'>;

/** `counted` tells whether the message of the ended task may be deleted; it waits for a flush. */
export type EndResult =
  | { readonly done: true; readonly row: TaskRow; readonly counted: Promise<boolean> }
  | { readonly done: false; readonly row: TaskRow | undefined };

/**
 * The one place that records ends and counts them, for one process and one queue.
 *
 * Every end is stamped (ledger, n) in the same write that records it; a flush then moves the ledger on over
 * ends whose outcome is known, in order; only then may a message be deleted. Whoever meets an end whose own
 * process did not count it closes that ledger first, then makes the end one of its own. So an end is counted
 * exactly once, without transactions, whatever crashes between any two requests.
 */
export class Settler {
  readonly queue: string;
  readonly #ports: SettlePorts;
  readonly #graceMs: number;
  #book: LedgerBook;
  #flushing: Promise<void> = Promise.resolve();

  /** @param graceMs how long an uncounted end is left to the process that recorded it */
  constructor(ports: SettlePorts, queue: string, graceMs: number) {
    this.#ports = ports;
    this.queue = queue;
    this.#graceMs = graceMs;
    this.#book = new LedgerBook(queue, ports.newId());
  }

  /** Ends recorded under the present ledger that no flush has covered yet. */
  get uncounted(): number {
    return this.#book.uncounted;
  }

  /** … and whose outcome is known: a flush may cover these. */
  get countable(): number {
    return this.#book.countable;
  }

  /**
   * Records an end. Rejects when its outcome stays unknown: it is then left to whoever gets the message.
   * Writes: the row; nothing is counted before a flush.
   */
  async end(change: TaskChange): Promise<EndResult> {
    let resolve: (counted: boolean) => void = () => {};
    const counted = new Promise<boolean>((done) => (resolve = done));
    const result = await this.#stamped(change, resolve);
    return result.done ? { ...result, counted } : result;
  }

  /** Counts every end of this process whose outcome is known. One flush at a time; rejects when unsure. */
  async flush(): Promise<void> {
    const mine = this.#flushing.then(() => this.#flushNow());
    this.#flushing = mine.catch(() => {});
    await mine;
  }

  /**
   * Sees to it that the end of a terminal row is counted.
   * @returns true when it is, so that its message may be deleted; false when that must wait
   */
  async settleTerminal(row: TaskRow): Promise<boolean> {
    const { stamp } = row;
    if (!stamp) return false;
    const isOwn = this.#book.id === stamp.ledger;
    if (isOwn) await this.flush();
    const ledger = await this.#ports.ledgers.read(this.queue, stamp.ledger);
    if ((ledger?.seq ?? 0) >= stamp.n) return true;
    if (isOwn || this.#ports.clock() - (row.endedAt ?? 0) < this.#graceMs) return false;
    const closing = await this.#ports.ledgers.close(this.queue, stamp.ledger, stamp.n, this.#ports.clock());
    if (!closing.done) return (closing.row?.seq ?? 0) >= stamp.n;
    this.#ports.log.warn(
      { taskId: row.id, ledger: stamp.ledger },
      'counting an end that its process left uncounted',
    );
    const result = await this.end(restamp(row.id, stamp));
    if (!result.done) return false; // somebody else's now: the message comes again
    await this.flush();
    return Promise.race([result.counted, Promise.resolve(false)]);
  }

  /** Records a change under the next stamp. A stamp whose outcome is unknown costs the ledger. */
  async #stamped(change: TaskChange, resolve: (counted: boolean) => void): Promise<ChangeResult> {
    const book = this.#book;
    const stamp = book.nextStamp();
    let result: ChangeResult;
    try {
      result = await this.#ports.tasks.change({ ...change, set: { ...change.set, stamp } });
    } catch (error) {
      await this.#close(book);
      throw error;
    }
    const { row } = result;
    if (!row || !(result.done || isSameStamp(row.stamp, stamp)) || !isTerminal(row.state)) {
      book.setOutcome(stamp.n, 'none');
      return { done: false, row };
    }
    const end: CountedEnd = {
      taskId: row.id,
      state: row.state,
      countedAs: row.countedAs,
      batch: parseBatchTaskId(row.id)?.batch,
      resolve,
    };
    if (book === this.#book) book.setOutcome(stamp.n, end);
    else await this.#restamp(end, stamp); // the ledger was closed meanwhile
    return { done: true, row };
  }

  async #restamp(end: CountedEnd, old: Stamp): Promise<void> {
    const result = await this.#stamped(restamp(end.taskId, old), end.resolve);
    if (!result.done) end.resolve(false);
  }

  /** Gives a ledger of this process up, and counts what it had not flushed under the next one. */
  async #close(book: LedgerBook): Promise<void> {
    if (book === this.#book) this.#book = new LedgerBook(this.queue, this.#ports.newId());
    const ends = book.takeEnds();
    try {
      const { row } = await this.#ports.ledgers.close(
        this.queue,
        book.id,
        Number.MAX_SAFE_INTEGER,
        this.#ports.clock(),
      );
      for (const [n, end] of ends) {
        if (n <= (row?.seq ?? 0))
          end.resolve(true); // a flush whose answer was lost
        else await this.#restamp(end, { ledger: book.id, n });
        ends.delete(n);
      }
    } catch (error) {
      this.#ports.log.warn(
        { err: error, ledger: book.id },
        'could not close a ledger: others will count its ends',
      );
      for (const end of ends.values()) end.resolve(false);
    }
  }

  /**
   * A flush that may have taken effect. Long ago, perhaps, and the ledger been folded and retired since: written
   * for the first time once more, it would be counted again. So it is looked for first.
   */
  async #repeat(update: LedgerUpdate): Promise<{ done: boolean; row: LedgerRow | undefined }> {
    const row = await this.#ports.ledgers.read(this.queue, update.ledger);
    if (row && (row.closed || row.seq !== update.from)) return { done: false, row };
    return this.#ports.ledgers.advance(update);
  }

  async #flushNow(): Promise<void> {
    for (;;) {
      const book = this.#book;
      const isRepeated = book.isInDoubt;
      const update = book.nextUpdate(this.#ports.clock());
      if (!update) return;
      const { done, row } = await (isRepeated ? this.#repeat(update) : this.#ports.ledgers.advance(update));
      if (done || row?.seq === update.seq) book.accept(update);
      else await this.#close(book); // closed by somebody who met one of its ends
      if (book === this.#book && book.itemBytes > MAX_LEDGER_ITEM_BYTES) await this.#close(book);
    }
  }
}

function restamp(id: string, old: Stamp): TaskChange {
  return { id, event: 'restamp', guard: { stamp: old }, set: {} };
}
