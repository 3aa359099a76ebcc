import { MillraceError } from './errors.ts';
import type { Envelope, TaskContent } from './envelope.ts';
import { rowBirth } from './new-row.ts';
import type { Ports } from './ports.ts';
import type { QueueDefinition } from './queue-definition.ts';
import { keepContent, toMessage } from './task-content.ts';
import type { TaskRow } from './task-row.ts';
import { canonicalContent, type TaskSpec } from './task-spec.ts';

/**
 * Enqueues one task: the message first, then its row. A crash between leaves a message that makes the row when
 * it is claimed; nothing that has been sent is ever without an owner.
 * @param idempotencyKey the same key with the same content is the same task; with another content a conflict
 * @throws MillraceError `content_conflict`
 */
export async function enqueueTask(
  ports: Ports,
  definition: QueueDefinition,
  spec: TaskSpec,
  idempotencyKey?: string,
): Promise<{ row: TaskRow; created: boolean }> {
  const hash = ports.digest(canonicalContent(definition.name, spec));
  const id = idempotencyKey === undefined ? ports.newId() : keyedId(ports, definition.name, idempotencyKey);
  if (idempotencyKey !== undefined) {
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
  const envelope: Envelope = { id, at, hash, content, notBefore };
  await ports.messages.main(definition.name).send([await toMessage(ports, envelope, spec.tenant)]);
  const birth = rowBirth(definition, { hash, at, spec });
  const result = await ports.tasks.change({
    id,
    event: 'enqueue',
    guard: {},
    set: { ...birth, attempt: 0, failures: 0, ...(notBefore !== undefined && { notBefore }) },
  });
  if (result.done) {
    // After the row, which settles whose content this id has: another request with the same key writes none.
    if (birth.programCut) await keepContent(ports, id, content);
    return { row: result.row, created: true };
  }
  if (!result.row) throw new Error(`the row of task ${id} was refused, and is not there`);
  // A worker was faster with this very message, or another request with the same key.
  return { row: result.row, created: result.row.createdAt === at };
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
