import type { InvalidMessage, ParsedMessage } from './envelope.ts';

/** A message for a handler that this worker does not have is `invalid`; others come back as they are. */
export function refuseUnknownHandler<M extends ParsedMessage>(
  message: M,
  known: readonly string[],
): M | InvalidMessage {
  if (message.kind !== 'task' || message.spec.handler === undefined) return message;
  const { handler } = message.spec;
  if (known.includes(handler)) return message;
  const names = known.length === 0 ? 'none' : known.slice(0, 20).join(', ');
  // Adding a file and calling it at once is what everybody does first, and no worker has it before its next start.
  const detail = `there is no handler ${handler}; this worker has: ${names} (restart it to load new files, then redrive)`;
  return { ...message, kind: 'invalid', detail };
}
