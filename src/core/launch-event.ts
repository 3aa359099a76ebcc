import * as z from 'zod';
import { MAX_LAUNCH_COUNT } from './limits.ts';
import type { LaunchMode } from './ports.ts';
import { queueNameSchema } from './queue-definition.ts';

export const LAUNCH_MODES = ['once', 'until-empty', 'forever'] as const satisfies LaunchMode[];

/**
 * What the launcher is invoked with: nothing (each minute: all queues), a queue that something was sent to, or an
 * order for workers of a queue.
 */
export const launchEventSchema = z
  .object({
    queue: queueNameSchema.optional(),
    /** Messages sent just now. */
    sent: z.int().nonnegative().default(0),
    order: z
      .strictObject({
        count: z.int().min(1).max(MAX_LAUNCH_COUNT),
        mode: z.enum(LAUNCH_MODES),
        key: z.string().min(1).max(256).optional(),
      })
      .optional(),
  })
  .refine(({ queue, order }) => order === undefined || queue !== undefined, 'expected a queue with an order');
export type LaunchEvent = z.infer<typeof launchEventSchema>;
