import type { LoadedMessage } from '../../core/envelope.ts';
import type { Handlers } from './handlers.ts';

/**
 * What a call does not say is what its definition says. Before the claim, which writes how many attempts the task has:
 * who enqueues knows names alone.
 */
export function withHandlerDefaults(message: LoadedMessage, handlers: Handlers | undefined): LoadedMessage {
  if (message.kind !== 'task' || message.spec.handler === undefined) return message;
  const { timeoutSeconds, maxAttempts } = handlers?.find(message.spec.handler) ?? {};
  return {
    ...message,
    spec: {
      ...message.spec,
      timeoutSeconds: message.spec.timeoutSeconds ?? timeoutSeconds,
      maxAttempts: message.spec.maxAttempts ?? maxAttempts,
    },
  };
}
