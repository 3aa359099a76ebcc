import { compareBatch } from './compare-counts.ts';
import type { BatchFacts, DoctorSource } from './doctor-source.ts';
import type { ExamineOptions } from './examine-queue.ts';
import { passed, type CheckResult } from './finding.ts';
import { RecountSum } from './recounted.ts';
import { NO_ENDS, type Tally } from './tally.ts';
import { tallyText } from './compare-counts.ts';
import { unknownBatch } from '../errors.ts';

/** A batch as it was found. */
export interface ExaminedBatch {
  readonly batch: string;
  readonly queue: string;
  readonly total: number;
  readonly recorded: Tally;
  readonly counted: Tally;
  readonly rows: number;
  readonly checks: readonly CheckResult[];
}

const LOOKS = 3;
const PAUSE_MS = 2000;

/** Recounts one batch, from its chunks: a part of what examineQueue reads, and its total as well. */
export async function examineBatch(
  source: DoctorSource,
  place: { readonly queue: string; readonly batch: string },
  options: ExamineOptions,
): Promise<ExaminedBatch> {
  const { queue, batch } = place;
  for (let look = 1; ; look += 1) {
    const before = await source.queueFacts(queue);
    const planned = await factsOf(source, queue, batch);
    const sum = new RecountSum();
    let cursor: string | undefined;
    do {
      const slice = await source.recountBatch(batch, cursor);
      sum.add(slice);
      options.onProgress?.(sum.rows, planned.total, batch);
      ({ cursor } = slice);
    } while (cursor !== undefined);
    const rows = sum.toRecounted();
    const facts = await factsOf(source, queue, batch);
    const tally = rows.batches.get(batch) ?? { id: batch, rows: 0, chunks: 0, tasks: 0, counted: NO_ENDS };
    const after = await source.queueFacts(queue);
    const result = compareBatch({ before, rows, after }, facts, tally);
    if (result && look < LOOKS) {
      await options.sleep(look * PAUSE_MS);
      continue;
    }
    const about = { queue, batch };
    const text = `${tallyText(facts.recorded)} of ${facts.total}: as the rows say`;
    return {
      batch,
      queue,
      total: facts.total,
      recorded: facts.recorded,
      counted: tally.counted,
      rows: rows.rows,
      checks: [result ?? passed('batches', text, about)],
    };
  }
}

async function factsOf(source: DoctorSource, queue: string, batch: string): Promise<BatchFacts> {
  const [facts] = await source.batchFacts(queue, [batch]);
  if (!facts) throw unknownBatch(batch);
  return facts;
}
