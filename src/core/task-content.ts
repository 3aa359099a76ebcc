import type { Content, Envelope } from './envelope.ts';
import { toMessageBody, versionOf } from './envelope.ts';
import { batchTaskId, parseBatchTaskId, type ChunkRow } from './batch-row.ts';
import { MAX_DELAY_SECONDS, MAX_MESSAGE_BYTES, ROW_RETENTION_MS } from './limits.ts';
import { expiryAfter } from './new-row.ts';
import type { OutgoingMessage, Ports } from './ports.ts';
import { byteLength, canonicalContent, type TaskSpec } from './task-spec.ts';

/** Kept longer than any row that may need it: a redrive takes the row out of its own expiry. */
const PAYLOAD_RETENTION_MS = 3 * ROW_RETENTION_MS;

/**
 * Keeps what a task runs, beside its row, for redrive and for display.
 * @param notBefore (ms) it may have to wait until then before anybody asks for it
 */
export async function keepContent(
  ports: Pick<Ports, 'tasks' | 'clock'>,
  id: string,
  content: Content,
  notBefore = 0,
): Promise<void> {
  await ports.tasks.writePayload(
    id,
    JSON.stringify(content),
    expiryAfter(Math.max(ports.clock(), notBefore), PAYLOAD_RETENTION_MS),
  );
}

/** What a task runs: from its batch's chunk, or as it was kept; undefined when neither is there. */
export async function findContent(
  ports: Pick<Ports, 'tasks' | 'batches'>,
  id: string,
): Promise<Content | undefined> {
  const place = parseBatchTaskId(id);
  if (place) {
    const chunk = await ports.batches.readChunk(place.batch, place.chunk);
    const task = chunk?.tasks.find(({ line }) => line === place.line)?.task;
    return task && { task };
  }
  const text = await ports.tasks.readPayload(id);
  return text === undefined ? undefined : (JSON.parse(text) as Content);
}

/**
 * Keeps content that does not fit a message: by its hash as well, for two requests with one key and different
 * contents may be under way at once, and each must run what it was accepted with, if it is.
 */
export async function keepBeside(
  ports: Pick<Ports, 'tasks' | 'clock'>,
  { id, hash, notBefore }: Envelope,
  content: Content,
): Promise<void> {
  await keepContent(ports, besideId(id, hash), content, notBefore);
}

/** What a message runs that does not say it. */
export async function findBeside(
  ports: Pick<Ports, 'tasks' | 'batches'>,
  { id, hash }: Envelope,
): Promise<Content | undefined> {
  return (await findContent(ports, besideId(id, hash))) ?? findContent(ports, id);
}

function besideId(id: string, hash: string): string {
  return `${id}~${hash}`;
}

/** The envelope of one task of a chunk. */
export function chunkEnvelope(
  digest: Ports['digest'],
  chunk: ChunkRow,
  line: number,
  task: TaskSpec,
): Envelope & { content: Content } {
  return {
    id: batchTaskId(chunk.batch, chunk.chunk, line),
    at: chunk.createdAt,
    hash: digest(canonicalContent(chunk.queue, task)),
    content: { task },
    notBefore: task.delaySeconds ? chunk.createdAt + task.delaySeconds * 1000 : undefined,
  };
}

/**
 * A message for a task. Content that does not fit a message is kept beside its row first.
 * Writes: payload, rarely.
 */
export async function toMessage(
  ports: Pick<Ports, 'tasks' | 'clock'>,
  envelope: Envelope,
  tenant?: string,
): Promise<OutgoingMessage> {
  const delayMs = Math.max(0, (envelope.notBefore ?? 0) - ports.clock());
  // At most what SQS takes, whatever clock the time is of: a claim waits for it in any case.
  const delaySeconds = Math.min(Math.ceil(delayMs / 1000), MAX_DELAY_SECONDS) || undefined;
  const about = { version: versionOf(envelope), delaySeconds, tenant };
  const body = toMessageBody(envelope);
  if (byteLength(body) <= MAX_MESSAGE_BYTES - 1024 || envelope.content === undefined)
    return { ...about, body };
  await keepBeside(ports, envelope, envelope.content);
  return { ...about, body: toMessageBody({ ...envelope, content: undefined }) };
}
