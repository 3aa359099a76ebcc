import type { Ending } from './claimant.ts';
import type { LoadedMessage } from './envelope.ts';
import { CHUNK_RETENTION_MS, RESEND_AFTER_MS, ROW_RETENTION_MS } from './limits.ts';
import { expiryAfter, rowBirth } from './new-row.ts';
import type { OutgoingMessage, Ports, ReceivedMessage } from './ports.ts';
import { toMessage } from './task-content.ts';
import { parseWorkflowTaskId } from './workflow-row.ts';

/** A message as it was received, and what it was understood as. */
export interface KnownMessage {
  readonly received: ReceivedMessage;
  readonly message: LoadedMessage;
}

/** How long SQS has had a message, in ms; it forgets it after its retention, in flight or not. */
export function ageMs(ports: Pick<Ports, 'clock'>, received: ReceivedMessage): number {
  return ports.clock() - received.sentAt;
}

/** Whether it is time that a message which cannot be dealt with now is replaced by a copy. */
export function isOld(ports: Pick<Ports, 'clock'>, received: ReceivedMessage): boolean {
  return ageMs(ports, received) >= RESEND_AFTER_MS;
}

/**
 * A message for the same task, with the same id and content, and a new life in its queue. One of a newer version is
 * copied word for word: whatever else it says, its body names its task.
 * Writes: payload, rarely.
 */
export async function copyMessage(
  { ports }: Pick<Ending, 'ports'>,
  { received, message }: KnownMessage,
): Promise<OutgoingMessage> {
  const { body, version, tenant } = received;
  if (message.kind === 'newer') return { body, version: version ?? message.version, tenant };
  const { id, at, hash, content, notBefore, redriveOf, redrivenAt } = message;
  return toMessage(ports, { id, at, hash, content, notBefore, redriveOf, redrivenAt }, tenant);
}

/**
 * Sends copies of messages before SQS forgets them; the caller may then delete those. The rows are made first, so
 * that a message much older than the rows' retention and without a row can be known to belong to a task that has
 * ended. A copy beside its original is harmless: both are tokens of one task.
 * Writes: rows, if absent; payload, rarely; of a task of a workflow, how long that is kept. Rejects when any copy may be missing: delete nothing then.
 * @param delaySeconds until the copies are visible
 */
export async function renewMessages(
  ending: Pick<Ending, 'ports' | 'definition'>,
  known: readonly KnownMessage[],
  delaySeconds: number,
): Promise<void> {
  const { ports, definition } = ending;
  const copies = await Promise.all(
    known.map(async ({ received, message }) => {
      if (message.kind !== 'newer' && ports.clock() - message.at < ROW_RETENTION_MS) {
        await ports.tasks.change({
          id: message.id,
          event: 'enqueue',
          guard: {},
          set: { ...rowBirth(definition, message), attempt: 0, failures: 0 },
        });
      }
      await keepWorkflow(ports, message);
      const copy: OutgoingMessage = await copyMessage(ending, { received, message });
      return {
        ...copy,
        delaySeconds: Math.max(copy.delaySeconds ?? 0, Math.ceil(delaySeconds)) || undefined,
      };
    }),
  );
  await ports.messages.main(definition.name).send(copies);
}

/** The workflow of a task that waits for long must be there when it ends. */
async function keepWorkflow(
  { workflows, clock }: Pick<Ports, 'workflows' | 'clock'>,
  message: LoadedMessage,
): Promise<void> {
  const place = message.kind === 'newer' ? undefined : parseWorkflowTaskId(message.id);
  if (place) await workflows.extend(place.workflow, expiryAfter(clock(), CHUNK_RETENTION_MS));
}
