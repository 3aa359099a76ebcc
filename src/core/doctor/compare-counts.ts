import { ROW_RETENTION_MS } from '../limits.ts';
import type { BatchFacts } from './doctor-source.ts';
import { found, passed, type CheckResult } from './finding.ts';
import type { QueueFacts } from './queue-facts.ts';
import type { Recounted } from './recounted.ts';
import type { BatchTally } from './slice-counter.ts';
import { endsOf, isSameTally, TALLY_STATES, type Tally } from './tally.ts';

/** What was recorded before the rows were counted, what they say, and what was recorded afterwards. */
export interface Counting {
  readonly before: QueueFacts;
  readonly rows: Recounted;
  readonly after: QueueFacts;
}

/** Nothing runs, and nothing was counted meanwhile. */
export function isAtRest({ before, after }: Counting): boolean {
  return (
    after.workers.running === 0 &&
    isIdle(after) &&
    isSameTally(before.recorded, after.recorded) &&
    before.unsent.fresh + after.unsent.fresh === 0
  );
}

function isIdle({ main }: QueueFacts): boolean {
  return main.status !== 'found' || main.inFlight === 0;
}

const ASK_AGAIN = 'Run the doctor again when the queue is at rest.';
const REPORT =
  'Nothing repairs this by itself. Keep the table as it is, and report it with the output of --json; the rows are right, `millrace peek` lists them.';

/**
 * The recorded ends of a queue against its rows. Ends that were counted while the rows were read may be in either:
 * each state then has a range. More rows than counts is never right; fewer are where rows have aged out.
 */
export function compareQueue(counting: Counting): CheckResult {
  const { before, rows, after } = counting;
  const { queue } = after;
  const range = motionOf(before.recorded, after.recorded);
  const off = offBy(rows.counted, range);
  const at = { queue };
  if (!off) {
    const moved = isSameTally(before.recorded, after.recorded) ? '' : ' (it is in motion)';
    return passed('counts', `${tallyText(after.recorded)}: as the rows say${moved}`, at);
  }
  const said = { ...at, expected: `${tallyText(rows.counted)} (the rows)`, got: tallyText(after.recorded) };
  const since = earliest(after.since, rows.oldest);
  if (off.missingRows > 0 && off.extraRows === 0 && mayHaveAged(since, after.at)) {
    return found(
      'counts_exceed_rows',
      `counts exceed rows: ${off.missingRows} older than the retention of ${ROW_RETENTION_MS / 86_400_000} days`,
      '',
      { ...said, count: off.missingRows },
    );
  }
  const count = off.missingRows + off.extraRows;
  if (!isAtRest(counting))
    return found('counts_in_motion', 'counts and rows differ, in motion: this is not certain', ASK_AGAIN, {
      ...said,
      count,
    });
  return found('counts_differ', 'the recorded counts are not what the rows say', REPORT, { ...said, count });
}

/** The recorded ends of a batch against its rows, and its total against its chunks where those were read. */
export function compareBatch(
  counting: Counting,
  facts: BatchFacts,
  tally: BatchTally,
): CheckResult | undefined {
  const { before, after } = counting;
  const { id, queue, recorded } = facts;
  const at = { queue, batch: id };
  const mayAge = mayHaveAged(facts.createdAt, after.at);
  // While it is loaded, it may have more chunks by now than were read.
  const total = tally.chunks === facts.chunks ? (tally.tasks ?? facts.total) : facts.total;
  if (endsOf(recorded) > facts.total || total !== facts.total) {
    const expected = total === facts.total ? `at least ${endsOf(recorded)} tasks` : `${total} tasks`;
    return found('batch_total_differs', 'the total of the batch is not that of its chunks', REPORT, {
      ...at,
      expected,
      got: `${facts.total} tasks`,
    });
  }
  const moved = movedBy(before.recorded, after.recorded);
  const off = offBy(tally.counted, { low: shift(recorded, -moved), high: shift(recorded, moved) });
  if (!off) return undefined;
  const said = { ...at, expected: `${tallyText(tally.counted)} (the rows)`, got: tallyText(recorded) };
  const count = off.missingRows + off.extraRows;
  if (off.missingRows > 0 && off.extraRows === 0 && mayAge) {
    const days = ROW_RETENTION_MS / 86_400_000;
    const message = `counts exceed rows: ${off.missingRows} older than the retention of ${days} days`;
    return found('batch_counts_exceed_rows', message, '', { ...said, count });
  }
  if (!isAtRest(counting)) {
    const message = 'counts and rows of the batch differ, in motion: this is not certain';
    return found('batch_counts_in_motion', message, ASK_AGAIN, { ...said, count });
  }
  return found('batch_counts_differ', 'the recorded counts of the batch are not what its rows say', REPORT, {
    ...said,
    count,
  });
}

/** Rows live for 30 days from their end: none has gone where nothing is older than that. Unknown: it may be. */
export function mayHaveAged(since: string | undefined, now: string): boolean {
  return since === undefined || Date.parse(now) - Date.parse(since) >= ROW_RETENTION_MS;
}

export function tallyText({ succeeded, failed, cancelled }: Tally): string {
  return `${succeeded} succeeded, ${failed} failed, ${cancelled} cancelled`;
}

interface Range {
  readonly low: Tally;
  readonly high: Tally;
}

/**
 * SUCCEEDED and CANCELLED only ever rise. FAILED falls as well, by a redrive, but then one of those rises in its
 * place, or it rises again.
 */
function motionOf(before: Tally, after: Tally): Range {
  const risen = after.succeeded - before.succeeded + after.cancelled - before.cancelled;
  return {
    low: { ...before, failed: Math.min(before.failed, after.failed) - risen },
    high: { ...after, failed: Math.max(before.failed, after.failed) + risen },
  };
}

function movedBy(before: Tally, after: Tally): number {
  return TALLY_STATES.reduce((sum, state) => sum + Math.abs(after[state] - before[state]), 0);
}

function shift(tally: Tally, by: number): Tally {
  return { succeeded: tally.succeeded + by, failed: tally.failed + by, cancelled: tally.cancelled + by };
}

function offBy(rows: Tally, { low, high }: Range): { missingRows: number; extraRows: number } | undefined {
  let [missingRows, extraRows] = [0, 0];
  for (const state of TALLY_STATES) {
    missingRows += Math.max(0, low[state] - rows[state]);
    extraRows += Math.max(0, rows[state] - high[state]);
  }
  return missingRows + extraRows === 0 ? undefined : { missingRows, extraRows };
}

function earliest(one: string | undefined, other: string | undefined): string | undefined {
  if (one === undefined) return undefined; // when the queue was made is not known: it may be old
  return other !== undefined && other < one ? other : one;
}
