import { withChunk, type BatchRow, type ChunkRow, type ChunkTask } from './batch-row.ts';
import { MillraceError } from './errors.ts';
import { UNSENT_CHUNK_AGE_MS } from './limits.ts';
import type { Ports } from './ports.ts';
import { chunkEnvelope, toMessage } from './task-content.ts';
import { canonicalContent } from './task-spec.ts';

/**
 * Takes one chunk of a batch: stores it, adds it to the batch, sends its messages, marks it sent. Every step may
 * be repeated: a chunk that comes again goes on where it stood. No rows are written: a row is born at the claim.
 * @param chunk `upload`: a digest of the whole upload that this chunk was cut from, when it is known. It makes an
 *   upload that only begins (or ends) like an earlier one under the same id another content.
 * @throws MillraceError `content_conflict` when this chunk was stored with other tasks, or for another queue
 */
export async function enqueueChunk(
  ports: Ports,
  chunk: {
    batch: string;
    chunk: number;
    queue: string;
    tasks: readonly ChunkTask[];
    upload?: string | undefined;
  },
): Promise<void> {
  const { upload, ...place } = chunk;
  const batch = await ports.batches.read(chunk.batch);
  if (batch && batch.queue !== chunk.queue) {
    throw conflict(`batch ${chunk.batch} belongs to queue ${batch.queue}`, 'Use another batch id.');
  }
  const hash = ports.digest(
    JSON.stringify([
      ...chunk.tasks.map(({ line, task }) => [line, canonicalContent(chunk.queue, task)]),
      ...(upload === undefined ? [] : [upload]),
    ]),
  );
  const fresh: ChunkRow = { ...place, hash, createdAt: ports.clock(), sent: false };
  const existing = await ports.batches.storeChunk(fresh);
  if (existing && (existing.hash !== hash || existing.queue !== chunk.queue)) {
    throw conflict(
      `chunk ${chunk.chunk} of batch ${chunk.batch} was stored with other tasks`,
      'Send the same lines as before under this chunk number, or use another batch id.',
    );
  }
  await addAndSend(ports, existing ?? fresh);
}

/**
 * Sends chunks that were stored but whose sender seems to have died. One that fails keeps no other.
 * @param until begins none after this time (ms)
 * @returns how many
 */
export async function sendUnsentChunks(ports: Ports, queue: string, until = Infinity): Promise<number> {
  const unsent = await ports.batches.unsentChunks(queue, ports.clock() - UNSENT_CHUNK_AGE_MS);
  let sent = 0;
  for (const { batch, chunk } of unsent) {
    if (ports.clock() >= until) break;
    try {
      const row = await ports.batches.readChunk(batch, chunk);
      if (!row) continue;
      await addAndSend(ports, row);
      sent += 1;
    } catch (error) {
      ports.log.warn({ err: error, queue, batch, chunk }, 'could not send a chunk that its loader had not');
    }
  }
  return sent;
}

async function addAndSend(ports: Ports, chunk: ChunkRow): Promise<void> {
  await addToBatch(ports, chunk);
  if (chunk.sent) return;
  const messages = await Promise.all(
    chunk.tasks.map(({ line, task }) =>
      toMessage(ports, chunkEnvelope(ports.digest, chunk, line, task), task.tenant),
    ),
  );
  await ports.messages.main(chunk.queue).send(messages);
  await ports.batches.markSent(chunk.batch, chunk.chunk);
}

const MAX_RACES = 50;

/** Adds the chunk to the batch's total, once. */
async function addToBatch(ports: Ports, chunk: ChunkRow): Promise<void> {
  for (let race = 0; race < MAX_RACES; race += 1) {
    const row = (await ports.batches.read(chunk.batch)) ?? newBatch(chunk);
    if (row.queue !== chunk.queue) {
      throw conflict(`batch ${chunk.batch} belongs to queue ${row.queue}`, 'Use another batch id.');
    }
    const next = withChunk(row, chunk.chunk, chunk.tasks.length);
    if (!next || (await ports.batches.replace(next, row.revision))) return;
  }
  throw new MillraceError('unavailable', `Too many chunks of batch ${chunk.batch} are coming in at once.`, {
    hint: 'Send the same chunk again; nothing is lost and nothing is doubled. Use fewer connections for one batch.',
  });
}

function newBatch(chunk: ChunkRow): BatchRow {
  return {
    id: chunk.batch,
    queue: chunk.queue,
    createdAt: chunk.createdAt,
    total: 0,
    upTo: 0,
    ahead: [],
    revision: 0,
  };
}

function conflict(what: string, hint: string): MillraceError {
  return new MillraceError('content_conflict', `This batch cannot be taken: ${what}.`, { hint });
}
