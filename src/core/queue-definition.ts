import * as z from 'zod';
import { DEFAULT_LEASE_SECONDS, DEFAULT_MAX_ATTEMPTS, MAX_MAX_ATTEMPTS } from './limits.ts';

/** A queue's name: SQS takes 80 characters, of which `-dead` and a prefix are ours. */
export const queueNameSchema = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9_-]{0,49}$/,
    'expected 1 to 50 letters, digits, - and _, starting with a letter or digit',
  );

/** The settings of a queue, the same locally and deployed. */
export const queueDefinitionSchema = z.strictObject({
  name: queueNameSchema,
  /** Lease of an attempt and visibility timeout of its message, in seconds. */
  leaseSeconds: z.int().min(3).max(3600).default(DEFAULT_LEASE_SECONDS),
  maxAttempts: z.int().min(1).max(MAX_MAX_ATTEMPTS).default(DEFAULT_MAX_ATTEMPTS),
  /** A program that is given each message body on its STDIN. */
  program: z.array(z.string().min(1)).min(1).optional(),
});
export type QueueDefinition = z.infer<typeof queueDefinitionSchema>;

export const DEFAULT_QUEUE: QueueDefinition = queueDefinitionSchema.parse({ name: 'default' });

/** The heartbeat: three to a lease, so that two may fail. */
export function heartbeatMs(definition: QueueDefinition): number {
  return (definition.leaseSeconds * 1000) / 3;
}
