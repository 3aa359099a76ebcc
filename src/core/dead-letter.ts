import type { Ending } from './claimant.ts';
import { endLost } from './end-unrun.ts';
import { parseContent, parseMessage, type Content, type ParsedMessage } from './envelope.ts';
import { CLOCK_SKEW_MS } from './limits.ts';
import type { ReceivedMessage } from './ports.ts';
import { findContent, toMessage } from './task-content.ts';
import { isTerminal } from './task-states.ts';

/**
 * Judges a message that SQS has moved to the dead-letter queue by its row, not by its arrival there.
 * @returns whether the message may be deleted, or must stay
 */
export async function judgeDeadLetter(ending: Ending, received: ReceivedMessage): Promise<'delete' | 'stay'> {
  const { ports, settler, definition } = ending;
  const parsed = await loadMessage(ending, received, definition.program !== undefined);
  if (parsed.kind === 'newer' || parsed.kind === 'stored') return 'stay';
  const row = await ports.tasks.read(parsed.id);
  if (row && row.hash !== parsed.hash) return 'delete';
  const now = ports.clock();
  if (row && isTerminal(row.state) && !(row.state === 'FAILED' && parsed.redriveOf === row.attempt)) {
    return (await settler.settleTerminal(row)) ? 'delete' : 'stay';
  }
  if (row?.state === 'RUNNING') {
    if ((row.lease ?? 0) + CLOCK_SKEW_MS >= now) return 'stay';
    if (row.failures + 1 >= row.maxAttempts && !row.cancelRequested) {
      const result = await endLost(ending, parsed, row, now);
      if (!result.done) return 'stay';
      ports.log.info({ taskId: row.id, queue: row.queue, reason: 'lost' }, 'task FAILED without a run');
      await settler.flush();
      return (await Promise.race([result.counted, Promise.resolve(false)])) ? 'delete' : 'stay';
    }
  }
  await resend(ending, parsed, received.tenant);
  return 'delete';
}

/** Sends a message for the same task, with the same id and content, and a new life in its queue. */
export async function resend(
  ending: Pick<Ending, 'ports' | 'definition'>,
  parsed: Extract<ParsedMessage, { content: Content }>,
  tenant: string | undefined,
): Promise<void> {
  const { ports, definition } = ending;
  const { id, at, hash, content, notBefore, redriveOf, redrivenAt } = parsed;
  const message = await toMessage(ports, { id, at, hash, content, notBefore, redriveOf, redrivenAt }, tenant);
  await ports.messages.main(definition.name).send([message]);
}

/** A message as received → what it asks for, its content fetched where the message only names it. */
export async function loadMessage(
  ending: Pick<Ending, 'ports' | 'definition'>,
  received: ReceivedMessage,
  hasProgram: boolean,
): Promise<ParsedMessage> {
  const { ports, definition } = ending;
  const parsed = parseMessage(received, { name: definition.name, hasProgram }, ports.digest);
  if (parsed.kind !== 'stored') return parsed;
  const content = await findContent(ports, parsed.envelope.id);
  if (content) return parseContent(parsed.envelope, content, hasProgram);
  return {
    ...parsed.envelope,
    kind: 'invalid',
    content: { body: received.body },
    detail: 'the content of this task is no longer kept',
  };
}
