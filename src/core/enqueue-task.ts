import { MillraceError } from './errors.ts';
import type { Envelope, TaskContent } from './envelope.ts';
import { MAX_DELAY_SECONDS } from './limits.ts';
import { rowBirth } from './new-row.ts';
import type { Ports } from './ports.ts';
import type { QueueDefinition } from './queue-definition.ts';
import { sendLater } from './send-later.ts';
import { keepContent, toMessage } from './task-content.ts';
import type { TaskRow } from './task-row.ts';
import { canonicalContent, type TaskSpec } from './task-spec.ts';

/**
 * Enqueues one task: the message first, then its row. A crash between leaves a message that makes the row when
 * it is claimed; nothing that has been sent is ever without an owner. A task that waits longer than SQS delays a
 * message has it with the scheduler instead, which sends it when it is due.
 * @param idempotencyKey the same key with the same content is the same task; with another content a conflict
 * @param isFresh the key has not been sent before; if it has, a second message of the task is sent, which does no harm
 * @throws MillraceError `content_conflict`
 */
export async function enqueueTask(
  ports: Ports,
  definition: QueueDefinition,
  spec: TaskSpec,
  idempotencyKey?: string,
  isFresh = false,
): Promise<{ row: TaskRow; created: boolean }> {
  const hash = ports.digest(canonicalContent(definition.name, spec));
  const id = idempotencyKey === undefined ? ports.newId() : keyedId(ports, definition.name, idempotencyKey);
  if (idempotencyKey !== undefined && !isFresh) {
    const row = await ports.tasks.read(id);
    if (row) return { row: sameContent(row, hash), created: false }; // its message went first
  }
  const { row, created } = await enqueueAs(ports, definition, { id, hash, content: { task: spec } });
  return { row: sameContent(row, hash), created };
}

/**
 * Sends the message of a task under an id of the caller's making, then writes its row if there is none. Both may
 * be repeated: of several messages of one task, one at a time is run.
 * @returns the row that is there then, which may be that of another content
 */
export async function enqueueAs(
  ports: Ports,
  definition: QueueDefinition,
  { id, hash, content }: { id: string; hash: string; content: TaskContent },
): Promise<{ row: TaskRow; created: boolean }> {
  const spec = content.task;
  const at = ports.clock();
  const notBefore = spec.delaySeconds ? at + spec.delaySeconds * 1000 : undefined;
  await sendMessage(ports, definition.name, { id, at, hash, content, notBefore }, spec);
  const birth = rowBirth(definition, { hash, at, spec });
  const result = await ports.tasks.change({
    id,
    event: 'enqueue',
    guard: {},
    set: { ...birth, attempt: 0, failures: 0, ...(notBefore !== undefined && { notBefore }) },
  });
  if (result.done) {
    // After the row, which settles whose content this id has: another request with the same key writes none.
    if (birth.programCut) await keepContent(ports, id, content, notBefore);
    return { row: result.row, created: true };
  }
  if (!result.row) throw new Error(`the row of task ${id} was refused, and is not there`);
  // A worker was faster with this very message, or another request with the same key.
  return { row: result.row, created: result.row.createdAt === at };
}

/**
 * By SQS, or by the scheduler when it is due. A message that the scheduler has sent and forgotten is asked for again
 * only while there is no row: its copy finds the task ended, or in hand.
 */
async function sendMessage(ports: Ports, queue: string, envelope: Envelope, spec: TaskSpec): Promise<void> {
  const { notBefore } = envelope;
  if (notBefore !== undefined && isForScheduler(spec)) {
    await sendLater(ports, queue, { ...envelope, notBefore }, spec.tenant);
  } else await ports.messages.main(queue).send([await toMessage(ports, envelope, spec.tenant)]);
}

/** Whether a task waits longer than SQS delays a message. */
export function isForScheduler(spec: TaskSpec): boolean {
  return (spec.delaySeconds ?? 0) > MAX_DELAY_SECONDS;
}

function keyedId(ports: Ports, queue: string, key: string): string {
  return `k-${ports.digest(JSON.stringify([queue, key])).slice(0, 32)}`;
}

function sameContent(row: TaskRow, hash: string): TaskRow {
  if (row.hash === hash) return row;
  throw new MillraceError('content_conflict', 'This idempotency key was used for another task.', {
    expected: 'the same content as before, under the same key',
    got: `other content; the key belongs to task ${row.id}`,
    hint: 'Use a new Idempotency-Key for a new task.',
    extra: { task: row.id },
  });
}
