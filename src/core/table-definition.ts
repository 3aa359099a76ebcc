import {
  DEAD_LETTER_RETENTION_SECONDS,
  DEAD_LETTER_VISIBILITY_SECONDS,
  MAX_RECEIVE_COUNT,
  MAX_WAIT_SECONDS,
  MESSAGE_RETENTION_SECONDS,
} from './limits.ts';
import type { QueueDefinition } from './queue-definition.ts';

/** The one table, as local mode and the CDK construct make it. */
export const TABLE = {
  partitionKey: 'pk',
  sortKey: 'sk',
  ttl: 'expiresAt',
  indexes: [
    /** Every task (and chunk) of a queue by time, on keys that never change. */
    { name: 'byTime', partitionKey: 'gq', sortKey: 'gt' },
    /** Sparse: FAILED tasks, chunks that are not sent, and the timers of a local stack. */
    { name: 'open', partitionKey: 'fq', sortKey: 'ft' },
  ],
} as const;

/** Of the names in SQS, where nothing else is told. */
export const DEFAULT_QUEUE_PREFIX = 'millrace-';
const MAX_SQS_NAME_CHARS = 80;

/**
 * The names in SQS of a queue and of its dead letters.
 * @param prefix deployed: the stack's own
 * @throws Error when SQS would not take them
 */
export function queueNames(queue: string, prefix = DEFAULT_QUEUE_PREFIX) {
  const names = { name: `${prefix}${queue}`, deadName: `${prefix}${queue}-dead` };
  if (names.deadName.length <= MAX_SQS_NAME_CHARS) return names;
  throw new Error(
    `expected names of at most ${MAX_SQS_NAME_CHARS} characters for SQS, got ${names.deadName}: take a shorter name for the queue or its stack`,
  );
}

/** How the SQS queues of a queue are set up, as local mode and the CDK construct make them. Seconds. */
export function queueSettings(
  definition: Pick<QueueDefinition, 'name' | 'leaseSeconds'>,
  prefix = DEFAULT_QUEUE_PREFIX,
) {
  return {
    ...queueNames(definition.name, prefix),
    visibilitySeconds: definition.leaseSeconds,
    deadVisibilitySeconds: DEAD_LETTER_VISIBILITY_SECONDS,
    retentionSeconds: MESSAGE_RETENTION_SECONDS,
    deadRetentionSeconds: DEAD_LETTER_RETENTION_SECONDS,
    receiveWaitSeconds: MAX_WAIT_SECONDS,
    maxReceiveCount: MAX_RECEIVE_COUNT,
  };
}
