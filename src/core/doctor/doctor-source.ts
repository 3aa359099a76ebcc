import { continueWorkflow } from '../continue-workflow.ts';
import { sendUnsentChunks } from '../enqueue-batch.ts';
import { unknownBatch, unknownQueue } from '../errors.ts';
import { UNSENT_CHUNK_AGE_MS } from '../limits.ts';
import type { Ports } from '../ports.ts';
import { batchTotals } from '../progress.ts';
import type { QueueDefinition } from '../queue-definition.ts';
import type { Settler } from '../settle.ts';
import { isTerminal } from '../task-states.ts';
import { iso } from '../task-view.ts';
import type { Inspector } from './inspector.ts';
import { readQueueFacts, type QueueFacts } from './queue-facts.ts';
import { recountBatch, recountShard } from './recount.ts';
import type { RecountSlice } from './slice-counter.ts';
import { toTally, type Tally } from './tally.ts';

/** What is recorded of a batch. */
export interface BatchFacts {
  readonly id: string;
  readonly queue: string;
  readonly createdAt: string;
  readonly total: number;
  /** In the total. */
  readonly chunks: number;
  readonly recorded: Tally;
}

/** How a queue's chunks have been sent: `left` are those that could not be. */
export interface ChunksSent {
  readonly queue: string;
  readonly sent: number;
  readonly left: number;
}

/** Which ends are counted now; `waiting`: which must wait for another. */
export interface Settled {
  readonly queue: string;
  readonly settled: readonly string[];
  readonly waiting: readonly string[];
}

/** Where the doctor has its facts from: the ports themselves, or the API before them. All work is bounded. */
export interface DoctorSource {
  queueFacts(queue: string): Promise<QueueFacts>;
  recountShard(queue: string, shard: number, cursor?: string): Promise<RecountSlice>;
  /** Of at most 50; those that are forgotten are left out. */
  batchFacts(queue: string, ids: readonly string[]): Promise<readonly BatchFacts[]>;
  recountBatch(id: string, cursor?: string): Promise<RecountSlice>;
  /** Of unsent chunks some, the oldest first. */
  sendChunks(queue: string): Promise<ChunksSent>;
  /** Counts ends that no ledger counts, and lets their workflows go on; at most 100. */
  settle(queue: string, ids: readonly string[]): Promise<Settled>;
}

/** Chunks are sent for so long in one request; the one under way then is sent to its end. */
const SEND_MS = 10_000;

/** The doctor's facts, read from the ports. @throws MillraceError `unknown_queue`, `unknown_batch` */
export function makeDoctorSource(
  ports: Ports,
  inspector: Inspector,
  settlerOf: (definition: QueueDefinition) => Settler,
): DoctorSource {
  const find = async (name: string): Promise<QueueDefinition> => {
    const definition = await ports.catalog.find(name);
    if (definition) return definition;
    throw unknownQueue(
      name,
      (await ports.catalog.list()).map((queue) => queue.name),
    );
  };
  return {
    queueFacts: async (queue) => readQueueFacts(ports, inspector, await find(queue)),
    recountShard: async (queue, shard, cursor) =>
      recountShard(ports, inspector, await find(queue), { shard, cursor }),
    batchFacts: async (queue, ids) => {
      const facts = await Promise.all(ids.map((id) => readBatchFacts(ports, id)));
      return facts.filter((found) => found !== undefined).filter((found) => found.queue === queue);
    },
    recountBatch: async (id, cursor) => {
      const batch = await ports.batches.read(id);
      if (!batch) throw unknownBatch(id);
      return recountBatch(ports, inspector, await find(batch.queue), batch, cursor);
    },
    sendChunks: async (queue) => {
      await find(queue);
      const sent = await sendUnsentChunks(ports, queue, ports.clock() + SEND_MS);
      const left = await ports.batches.unsentChunks(queue, ports.clock() - UNSENT_CHUNK_AGE_MS);
      return { queue, sent, left: left.length };
    },
    settle: async (queue, ids) => {
      const definition = await find(queue);
      const ending = { ports, definition, settler: settlerOf(definition) };
      const settled: string[] = [];
      const waiting: string[] = [];
      for (const id of ids) {
        const row = await ports.tasks.read(id);
        const isCounted =
          row?.queue === queue &&
          isTerminal(row.state) &&
          (await ending.settler.settleTerminal(row)) &&
          // What its message owed beside the count, should that be gone.
          (await continueWorkflow(ending, row));
        (isCounted ? settled : waiting).push(id);
      }
      return { queue, settled, waiting };
    },
  };
}

async function readBatchFacts(ports: Ports, id: string): Promise<BatchFacts | undefined> {
  const batch = await ports.batches.read(id);
  return (
    batch && {
      id,
      queue: batch.queue,
      createdAt: iso(batch.createdAt),
      total: batch.total,
      chunks: batch.upTo + batch.ahead.length,
      recorded: toTally(await batchTotals(ports, batch.queue, id)),
    }
  );
}
