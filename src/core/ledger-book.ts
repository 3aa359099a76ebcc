import { addTotals, countEnd, NO_TOTALS, type LedgerUpdate, type Totals } from './ledger-row.ts';
import type { Stamp } from './task-row.ts';
import type { TerminalState } from './task-states.ts';

/** An end of this process on its way to being counted. */
export interface CountedEnd {
  readonly taskId: string;
  readonly state: TerminalState;
  readonly countedAs: TerminalState | undefined;
  readonly batch: string | undefined;
  /** Called once: true when the ledger covers the end, false when that is now for others to see to. */
  readonly resolve: (counted: boolean) => void;
}

type Outcome = CountedEnd | 'none' | 'unknown';

/** What a process knows of one ledger of its own: what it wrote up to seq, and the outcome of each later stamp. */
export class LedgerBook {
  readonly queue: string;
  readonly id: string;
  #n = 0;
  #seq = 0;
  #totals: Totals = NO_TOTALS;
  #batches: Readonly<Record<string, Totals>> = {};
  readonly #outcomes = new Map<number, Outcome>();
  /** Sent, unanswered: repeated to the letter until it is answered, since it may have taken effect. */
  #inDoubt: LedgerUpdate | undefined;

  constructor(queue: string, id: string) {
    this.queue = queue;
    this.id = id;
  }

  get uncounted(): number {
    return this.#outcomes.size;
  }

  /** … whose outcome is known. */
  get countable(): number {
    let count = 0;
    for (const outcome of this.#outcomes.values()) if (outcome !== 'unknown') count += 1;
    return count;
  }

  /** The next update is one that was sent before. */
  get isInDoubt(): boolean {
    return this.#inDoubt !== undefined;
  }

  /** About how large the item is, in bytes. */
  get itemBytes(): number {
    return 200 + this.queue.length + JSON.stringify(this.#batches).length;
  }

  nextStamp(): Stamp {
    this.#n += 1;
    this.#outcomes.set(this.#n, 'unknown');
    return { ledger: this.id, n: this.#n };
  }

  setOutcome(n: number, outcome: CountedEnd | 'none'): void {
    this.#outcomes.set(n, outcome);
  }

  /** The write that covers every end whose outcome is known, in order; undefined when there is nothing to write. */
  nextUpdate(now: number): LedgerUpdate | undefined {
    if (this.#inDoubt) return this.#inDoubt;
    let seq = this.#seq;
    let totals = this.#totals;
    const batches: Record<string, Totals> = { ...this.#batches };
    for (;;) {
      const outcome = this.#outcomes.get(seq + 1);
      if (outcome === undefined || outcome === 'unknown') break;
      seq += 1;
      if (outcome === 'none') continue;
      totals = countEnd(totals, outcome.state, outcome.countedAs);
      if (outcome.batch !== undefined) {
        batches[outcome.batch] = countEnd(
          batches[outcome.batch] ?? NO_TOTALS,
          outcome.state,
          outcome.countedAs,
        );
      }
    }
    if (seq === this.#seq) return undefined;
    this.#inDoubt = { queue: this.queue, ledger: this.id, from: this.#seq, seq, totals, batches, at: now };
    return this.#inDoubt;
  }

  /** The update has taken effect. */
  accept(update: LedgerUpdate): void {
    for (let n = this.#seq + 1; n <= update.seq; n += 1) {
      const outcome = this.#outcomes.get(n);
      this.#outcomes.delete(n);
      if (outcome !== undefined && outcome !== 'none' && outcome !== 'unknown') outcome.resolve(true);
    }
    this.#seq = update.seq;
    this.#totals = update.totals;
    this.#batches = update.batches;
    this.#inDoubt = undefined;
  }

  /** Hands over the ends that no accepted update covers; the book is not used afterwards. */
  takeEnds(): Map<number, CountedEnd> {
    const ends = new Map<number, CountedEnd>();
    for (const [n, outcome] of [...this.#outcomes].sort(([a], [b]) => a - b)) {
      if (outcome !== 'none' && outcome !== 'unknown') ends.set(n, outcome);
    }
    this.#outcomes.clear();
    return ends;
  }
}

/** All that a set of ledgers has counted. */
export function sumTotals(all: Iterable<Totals>): Totals {
  let sum = NO_TOTALS;
  for (const totals of all) sum = addTotals(sum, totals);
  return sum;
}
