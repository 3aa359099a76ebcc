import type { BatchTally, RecountSlice, Some } from './slice-counter.ts';
import { addTallies, NO_ENDS } from './tally.ts';

const MAX_EXAMPLES = 100;

/** All that the rows of a queue say, or those of a batch: the sum of its slices. */
export interface Recounted extends Omit<RecountSlice, 'batches' | 'cursor'> {
  readonly batches: ReadonlyMap<string, BatchTally>;
}

const NONE: Some = { count: 0, examples: [] };

export const NOTHING_COUNTED: Recounted = {
  rows: 0,
  pending: 0,
  running: 0,
  counted: NO_ENDS,
  batches: new Map(),
  uncounted: 0,
  lying: NONE,
  expired: NONE,
  newer: NONE,
};

/** Adds up slices as they come. */
export class RecountSum {
  #sum: Omit<Recounted, 'batches'> = NOTHING_COUNTED;
  readonly #batches = new Map<string, BatchTally>();

  get rows(): number {
    return this.#sum.rows;
  }

  add(slice: RecountSlice): void {
    const sum = this.#sum;
    const oldestOpen = earlier(sum.oldestOpen, slice.oldestOpen);
    const oldest = earlier(sum.oldest, slice.oldest);
    this.#sum = {
      rows: sum.rows + slice.rows,
      pending: sum.pending + slice.pending,
      running: sum.running + slice.running,
      counted: addTallies(sum.counted, slice.counted),
      uncounted: sum.uncounted + slice.uncounted,
      lying: addSome(sum.lying, slice.lying),
      expired: addSome(sum.expired, slice.expired),
      newer: addSome(sum.newer, slice.newer),
      ...(oldestOpen !== undefined && { oldestOpen }),
      ...(oldest !== undefined && { oldest }),
    };
    for (const batch of slice.batches) {
      const known = this.#batches.get(batch.id);
      this.#batches.set(batch.id, known ? addBatches(known, batch) : batch);
    }
  }

  toRecounted(): Recounted {
    return { ...this.#sum, batches: this.#batches };
  }
}

function addBatches(one: BatchTally, other: BatchTally): BatchTally {
  const tasks =
    one.tasks === undefined && other.tasks === undefined ? undefined : (one.tasks ?? 0) + (other.tasks ?? 0);
  return {
    id: one.id,
    rows: one.rows + other.rows,
    chunks: one.chunks + other.chunks,
    ...(tasks !== undefined && { tasks }),
    counted: addTallies(one.counted, other.counted),
  };
}

function addSome(one: Some, other: Some): Some {
  return {
    count: one.count + other.count,
    examples: [...one.examples, ...other.examples].slice(0, MAX_EXAMPLES),
  };
}

/** ISO times of the same form sort as texts. */
function earlier(one: string | undefined, other: string | undefined): string | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return one < other ? one : other;
}
