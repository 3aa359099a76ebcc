import type { MillraceConfigInput } from '../../infra/config.ts';

/** One queue a test. */
export const QUEUES: NonNullable<MillraceConfigInput['queues']> = [
  { name: 'drained', maxWorkers: 1 },
  // Nothing is launched but by order of the test.
  { name: 'shared', maxWorkers: 0, slots: 1 },
  { name: 'stopped', maxWorkers: 0, graceSeconds: 2 },
  { name: 'contained', maxWorkers: 0 },
];
