import type { Ending } from './claimant.ts';
import { resend } from './dead-letter.ts';
import type { InvalidMessage, TaskMessage } from './envelope.ts';
import { RESEND_AFTER_MS, ROW_RETENTION_MS } from './limits.ts';
import { rowBirth } from './new-row.ts';
import type { ReceivedMessage } from './ports.ts';

/**
 * SQS forgets a message after its retention, in flight or not: an old one is replaced by a copy, to be deleted by
 * the caller. The row is made first, so that a message much older than the rows' retention and without a row can
 * be known to belong to a task that has ended.
 * @returns true when a copy was sent
 */
export async function renewOldMessage(
  ending: Pick<Ending, 'ports' | 'definition'>,
  received: ReceivedMessage,
  message: TaskMessage | InvalidMessage,
): Promise<boolean> {
  const { ports, definition } = ending;
  if (ports.clock() - received.sentAt < RESEND_AFTER_MS) return false;
  if (message.kind === 'task' && ports.clock() - message.at < ROW_RETENTION_MS) {
    await ports.tasks.change({
      id: message.id,
      event: 'enqueue',
      guard: {},
      set: { ...rowBirth(definition, message), attempt: 0, failures: 0 },
    });
  }
  await resend(ending, message, received.tenant);
  return true;
}
