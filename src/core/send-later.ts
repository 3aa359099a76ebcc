import type { Envelope } from './envelope.ts';
import { toMessageBody, versionOf } from './envelope.ts';
import { MillraceError } from './errors.ts';
import { MAX_DELAY_SECONDS } from './limits.ts';
import type { Ports } from './ports.ts';
import { keepBeside } from './task-content.ts';
import { byteLength } from './task-spec.ts';
import type { TaskRow } from './task-row.ts';

/**
 * Hands the message of a task that waits longer than SQS delays one to the scheduler. Content that it does not hold
 * is kept beside its row first.
 * @throws MillraceError `not_supported` where there is no scheduler
 */
export async function sendLater(
  ports: Ports,
  queue: string,
  envelope: Envelope & { notBefore: number },
  tenant: string | undefined,
): Promise<void> {
  const { scheduler } = ports;
  if (!scheduler) throw noScheduler();
  const { id, hash, content, notBefore } = envelope;
  const version = versionOf(envelope);
  let body = toMessageBody(envelope);
  if (byteLength(body) > scheduler.maxBodyBytes && content) {
    await keepBeside(ports, envelope, content);
    body = toMessageBody({ ...envelope, content: undefined });
  }
  await scheduler.sendLater({ queue, task: id, hash, at: notBefore, message: { body, version, tenant } });
}

/** Whether the first message of a task is one that a scheduler sends. @param row PENDING */
export function isSentLater({ attempt, createdAt, notBefore = 0 }: TaskRow): boolean {
  return attempt === 0 && notBefore - createdAt > MAX_DELAY_SECONDS * 1000;
}

/**
 * Takes the message of a task that was cancelled before it was due out of the scheduler.
 * Requires: the end is counted. Never rejects: a message
 * that comes all the same finds its task CANCELLED, and is deleted.
 */
export async function dropLater(ports: Ports, row: TaskRow): Promise<void> {
  if (!ports.scheduler || !isSentLater(row)) return;
  try {
    await ports.scheduler.dropLater({ queue: row.queue, task: row.id, hash: row.hash });
  } catch (error) {
    ports.log.warn({ err: error, taskId: row.id }, 'could not take a cancelled task out of the scheduler');
  }
}

function noScheduler(): MillraceError {
  return new MillraceError('not_supported', 'There is no scheduler here.', {
    expected: `a delay of at most ${MAX_DELAY_SECONDS} s`,
    hint: 'Send the request to the API of the stack.',
  });
}
