import type { Ending } from './claimant.ts';
import { parseContent, parseMessage, type LoadedMessage } from './envelope.ts';
import type { ReceivedMessage } from './ports.ts';
import { findBeside } from './task-content.ts';

/**
 * A message as received → what it asks for, its content fetched where the message only names it.
 * @param hasProgram whether a program of the queue or of the worker takes raw bodies on its STDIN
 */
export async function loadMessage(
  ending: Pick<Ending, 'ports' | 'definition'>,
  received: ReceivedMessage,
  hasProgram: boolean,
): Promise<LoadedMessage> {
  const { ports, definition } = ending;
  const parsed = parseMessage(received, { name: definition.name, hasProgram }, ports.digest);
  if (parsed.kind !== 'stored') return parsed;
  const content = await findBeside(ports, parsed.envelope);
  if (content) return parseContent(parsed.envelope, content, hasProgram);
  return {
    ...parsed.envelope,
    kind: 'invalid',
    content: { body: received.body },
    detail: 'the content of this task is no longer kept',
  };
}
