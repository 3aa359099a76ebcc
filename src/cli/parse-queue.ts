import { MillraceError } from '../core/errors.ts';
import { queueDefinitionSchema, type QueueDefinition } from '../core/queue-definition.ts';

/** unknown → QueueDefinition. @throws MillraceError `invalid_request` */
export function parseQueueDefinition(value: unknown): QueueDefinition {
  const parsed = queueDefinitionSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
  throw new MillraceError('invalid_request', `This is not a queue: ${issues}.`, {
    hint: '`millrace queue add --help` shows the settings.',
  });
}
