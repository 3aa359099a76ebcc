import { LISTING_SHARDS } from '../limits.ts';
import { compareBatch, compareQueue, type Counting } from './compare-counts.ts';
import type { BatchFacts, ChunksSent, DoctorSource, Settled } from './doctor-source.ts';
import { passed, type CheckResult } from './finding.ts';
import {
  judgeChunks,
  judgeDeadLetters,
  judgeLedgers,
  judgeSettled,
  judgeSqs,
  judgeWorkers,
} from './judge-queue.ts';
import { judgeBacklog, judgeLeases, judgeMessages, judgeUncounted, judgeVersions } from './judge-rows.ts';
import { RecountSum } from './recounted.ts';
import type { Tally } from './tally.ts';

export interface ExamineOptions {
  /** Send nothing, repair nothing. */
  readonly dryRun: boolean;
  /** Settle ends that nobody counts. */
  readonly fix: boolean;
  /** Resolves after so long (ms). */
  readonly sleep: (ms: number) => Promise<void>;
  /** Told as rows are read; `total` is what is expected. */
  readonly onProgress?: (rows: number, total: number, queue: string) => void;
}

/** A queue as it was found. */
export interface ExaminedQueue {
  readonly queue: string;
  readonly recorded: Tally;
  /** What the rows say: those that live on, of 30 days. */
  readonly counted: Tally;
  readonly rows: number;
  readonly batches: number;
  readonly chunksSent: number;
  readonly settled: number;
  readonly checks: readonly CheckResult[];
}

/** What looks wrong is looked at again: indexes lag by a second, SQS's counts by some more. */
const LOOKS = 3;
const PAUSE_MS = 2000;
/** Requests of a recount at the same time. */
const AT_ONCE = 4;
const FACTS_AT_ONCE = 50;

/** Sends what is unsent, recounts the rows, and judges all that is known of a queue. */
export async function examineQueue(
  source: DoctorSource,
  queue: string,
  options: ExamineOptions,
): Promise<ExaminedQueue> {
  const sent = options.dryRun ? undefined : await sendAll(source, queue);
  let settled: Settled | undefined;
  for (let look = 1; ; look += 1) {
    const counted = await count(source, queue, options);
    const { counting } = counted;
    if (options.fix && !options.dryRun && counting.rows.lying.count > 0 && !settled) {
      settled = await source.settle(queue, counting.rows.lying.examples);
      if (settled.settled.length > 0) continue;
    }
    const checks = [
      ...judgeSqs(counting.after),
      ...judgeDeadLetters(counting.before, counting.after),
      ...judgeChunks(counting.after, sent),
      compareQueue(counting),
      ...compareBatches(counted),
      ...judgeUncounted(counting),
      ...judgeSettled(queue, settled),
      ...judgeMessages(counting, counted.batches),
      ...judgeLeases(counting),
      ...judgeVersions(counting),
      ...judgeBacklog(counting, counted.batches),
      ...judgeWorkers(counting.after),
      ...judgeLedgers(counting.after),
    ];
    if (look < LOOKS && checks.some(isWorthAnotherLook)) {
      await options.sleep(look * PAUSE_MS);
      continue;
    }
    return {
      queue,
      recorded: counting.after.recorded,
      counted: counting.rows.counted,
      rows: counting.rows.rows,
      batches: counting.rows.batches.size,
      chunksSent: sent?.sent ?? 0,
      settled: settled?.settled.length ?? 0,
      checks,
    };
  }
}

/** Those that a lagging index, or a message that is just being judged, may bring about. */
function isWorthAnotherLook({ code }: CheckResult): boolean {
  return [
    'counts_differ',
    'counts_in_motion',
    'batch_counts_differ',
    'batch_counts_in_motion',
    'batch_total_differs',
    'tasks_without_message',
    'dead_letters',
    'ends_uncounted',
  ].includes(code);
}

async function sendAll(source: DoctorSource, queue: string): Promise<ChunksSent> {
  let sum = 0;
  for (;;) {
    const { sent, left } = await source.sendChunks(queue);
    sum += sent;
    if (sent === 0 || left === 0) return { queue, sent: sum, left };
  }
}

interface Counted {
  readonly counting: Counting;
  readonly batches: readonly BatchFacts[];
}

/** In this order, so that nothing can be counted in between without the totals showing it. */
async function count(source: DoctorSource, queue: string, options: ExamineOptions): Promise<Counted> {
  const before = await source.queueFacts(queue);
  const { succeeded, failed, cancelled } = before.recorded;
  const total = succeeded + failed + cancelled;
  const sum = new RecountSum();
  let next = 0;
  const lane = async () => {
    for (let shard = next++; shard < LISTING_SHARDS; shard = next++) {
      let cursor: string | undefined;
      do {
        const slice = await source.recountShard(queue, shard, cursor);
        sum.add(slice);
        options.onProgress?.(sum.rows, total, queue);
        ({ cursor } = slice);
      } while (cursor !== undefined);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  const rows = sum.toRecounted();
  const batches: BatchFacts[] = [];
  const ids = [...rows.batches.keys()];
  for (let at = 0; at < ids.length; at += FACTS_AT_ONCE) {
    batches.push(...(await source.batchFacts(queue, ids.slice(at, at + FACTS_AT_ONCE))));
  }
  return { counting: { before, rows, after: await source.queueFacts(queue) }, batches };
}

function compareBatches({ counting, batches }: Counted): CheckResult[] {
  const { rows, after } = counting;
  const results = batches.flatMap((facts) => {
    const tally = rows.batches.get(facts.id);
    return (tally && compareBatch(counting, facts, tally)) ?? [];
  });
  if (results.length > 0) return results;
  return [
    passed('batches', `counted: ${batches.length}; each as its rows say`, {
      queue: after.queue,
    }),
  ];
}
