import { unknownBatch } from './errors.ts';
import { NO_TOTALS, type LedgerRow, type Totals } from './ledger-row.ts';
import { sumTotals } from './ledger-book.ts';
import type { Ports, QueueCounts } from './ports.ts';
import type { WorkerReport } from './queue-control.ts';
import type { QueueDefinition } from './queue-definition.ts';

/** How many tasks of a queue are where; `expired` is part of `running`, `total` the sum of the others. */
export interface QueueProgress {
  readonly queue: string;
  readonly total: number;
  readonly pending: number;
  readonly delayed: number;
  readonly running: number;
  readonly expired: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly paused: boolean;
}

export interface BatchProgress {
  readonly id: string;
  readonly queue: string;
  readonly total: number;
  readonly pending: number;
  readonly running: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly cancelled: number;
}

/**
 * Terminal counts are exact; the others come from SQS's own counts and the workers' last reports, so they are
 * approximate in motion and exact at rest. Costs the same whatever the number of tasks.
 */
export async function readQueueProgress(ports: Ports, definition: QueueDefinition): Promise<QueueProgress> {
  const queue = definition.name;
  const [totals, counts, workers, control] = await Promise.all([
    queueTotals(ports, queue),
    ports.messages.main(queue).counts(),
    ports.queues.workers(queue),
    ports.queues.readControl(queue),
  ]);
  const motion = inMotion(counts, workers, ports.clock() - definition.leaseSeconds * 1000);
  const ended = totals.SUCCEEDED + totals.FAILED + totals.CANCELLED;
  return {
    queue,
    total: motion.pending + motion.delayed + motion.running + ended,
    ...motion,
    succeeded: totals.SUCCEEDED,
    failed: totals.FAILED,
    cancelled: totals.CANCELLED,
    paused: control.paused,
  };
}

type CountPorts = Pick<Ports, 'ledgers'>;

/** The ends that a queue's progress says, by state. */
export async function queueTotals(ports: CountPorts, queue: string): Promise<Totals> {
  return countedOf(ports, queue, { queue }, (ledger) => ledger.totals);
}

/** The same of one of its batches. */
export async function batchTotals(ports: CountPorts, queue: string, batch: string): Promise<Totals> {
  return countedOf(ports, queue, { batch }, (ledger) => ledger.batches[batch] ?? NO_TOTALS);
}

/**
 * The folded totals and what the ledgers that are not folded add to them. The list is read first: a ledger that is
 * folded meanwhile is then in both, and the folded row says so; the other way round it could be in neither.
 */
async function countedOf(
  ports: CountPorts,
  queue: string,
  of: { queue: string } | { batch: string },
  totalsOf: (ledger: LedgerRow) => Totals,
): Promise<Totals> {
  const listed = await ports.ledgers.list(queue);
  const folded = await ports.ledgers.readFolded(of);
  const open = listed.filter(({ ledger }) => !(ledger in (folded?.ledgers ?? {})));
  return sumTotals([folded?.totals ?? NO_TOTALS, ...open.map(totalsOf)]);
}

/**
 * Splits what SQS counts by what the workers report. A message in flight is running, held for a free slot, or
 * waits for its back-off; a worker that has not reported for a lease is dead, and what it ran is expired.
 */
export function inMotion(
  counts: QueueCounts,
  workers: readonly WorkerReport[],
  aliveSince: number,
): { pending: number; delayed: number; running: number; expired: number } {
  const sum = (reports: readonly WorkerReport[], field: 'busy' | 'held') =>
    reports.reduce((total, report) => total + report[field], 0);
  const alive = workers.filter((report) => report.at >= aliveSince);
  const dead = workers.filter((report) => report.at < aliveSince);
  const busy = Math.min(sum(alive, 'busy'), counts.inFlight);
  const held = Math.min(Math.max(0, sum(alive, 'held') - busy), counts.inFlight - busy);
  const expired = Math.min(sum(dead, 'busy'), counts.inFlight - busy - held);
  return {
    pending: counts.visible + held,
    delayed: counts.delayed + counts.inFlight - busy - held - expired,
    running: busy + expired,
    expired,
  };
}

/** @throws MillraceError `unknown_batch` */
export async function readBatchProgress(ports: Ports, id: string): Promise<BatchProgress> {
  const batch = await ports.batches.read(id);
  if (!batch) throw unknownBatch(id);
  const [totals, workers] = await Promise.all([
    batchTotals(ports, batch.queue, id),
    ports.queues.workers(batch.queue),
  ]);
  const open = Math.max(0, batch.total - totals.SUCCEEDED - totals.FAILED - totals.CANCELLED);
  const running = Math.min(
    open,
    workers.reduce((total, report) => total + (report.batches[id] ?? 0), 0),
  );
  return {
    id,
    queue: batch.queue,
    total: batch.total,
    pending: open - running,
    running,
    succeeded: totals.SUCCEEDED,
    failed: totals.FAILED,
    cancelled: totals.CANCELLED,
  };
}
