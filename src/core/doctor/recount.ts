import { batchTaskId, type BatchRow } from '../batch-row.ts';
import type { QueueDefinition } from '../queue-definition.ts';
import type { Inspector } from './inspector.ts';
import { SliceCounter, type RecountPorts, type RecountSlice } from './slice-counter.ts';

const PAGE = 1000; // index entries: some 150 bytes each
const SLICE_ENTRIES = 5000;
const SLICE_CHUNKS = 10;
/** A request has 29 s, and the read that is under way has to end in it too. */
const SLICE_MS = 8000;

/** Recounts a part of one shard of a queue: what bounded work finds behind `cursor`. */
export async function recountShard(
  ports: RecountPorts,
  inspector: Inspector,
  definition: QueueDefinition,
  place: { readonly shard: number; readonly cursor?: string | undefined },
): Promise<RecountSlice> {
  const counter = new SliceCounter(ports, definition, await ports.ledgers.list(definition.name));
  const until = ports.clock() + SLICE_MS;
  let after = place.cursor;
  for (let seen = 0; seen < SLICE_ENTRIES && ports.clock() < until;) {
    const query = { queue: definition.name, index: 'all', newestFirst: false, limit: PAGE } as const;
    const page = await ports.tasks.page({ ...query, shard: place.shard, after });
    seen += page.entries.length;
    const told = new Map<string, Set<number>>();
    for (const entry of page.entries) {
      if ('task' in entry) told.set(entry.task, (told.get(entry.task) ?? new Set()).add(entry.at));
      else counter.addChunk(entry.chunk.batch);
    }
    const { rows, newer } = await inspector.survey([...told.keys()]);
    // An index may have a task twice: only the entry that its row bears out is counted.
    const borneOut = [...rows].filter(([id, row]) => told.get(id)?.has(Math.floor(row.createdAt)));
    await counter.addSurvey({ rows: new Map(borneOut), newer });
    const [first, last] = [page.entries[0], page.entries.at(-1)];
    if (first) counter.seen(first.at);
    after = last?.key ?? after;
    if (!page.more) return counter.toSlice();
  }
  return counter.toSlice(after);
}

/** Recounts a part of a batch, chunk by chunk: this tells its total as well. `cursor`: the next chunk. */
export async function recountBatch(
  ports: RecountPorts,
  inspector: Inspector,
  definition: QueueDefinition,
  batch: BatchRow,
  cursor?: string,
): Promise<RecountSlice> {
  const counter = new SliceCounter(ports, definition, await ports.ledgers.list(definition.name));
  const until = ports.clock() + SLICE_MS;
  const chunks = [...Array(batch.upTo).keys(), ...batch.ahead];
  let at = Number(cursor ?? 0);
  for (const end = at + SLICE_CHUNKS; at < Math.min(end, chunks.length) && ports.clock() < until; at += 1) {
    const number = chunks[at] ?? 0;
    const chunk = await ports.batches.readChunk(batch.id, number);
    counter.addChunk(batch.id, chunk?.tasks.length ?? 0);
    if (!chunk) continue;
    counter.seen(chunk.createdAt);
    const ids = chunk.tasks.map(({ line }) => batchTaskId(batch.id, number, line));
    await counter.addSurvey(await inspector.survey(ids));
  }
  return counter.toSlice(at < chunks.length ? String(at) : undefined);
}
