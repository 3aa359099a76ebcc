import type { MillraceConfigInput } from '../../infra/config.ts';

/**
 * The queues of the stack that the files share, one at least for each file: they run side by side, and count what their
 * queues hold. Nothing is launched: the workers are processes of the tests.
 */
export const QUEUES: NonNullable<MillraceConfigInput['queues']> = [
  { name: 'default', maxWorkers: 0 },
  { name: 'batches', maxWorkers: 0 },
  { name: 'raw', maxWorkers: 0 },
  { name: 'access', maxWorkers: 0 },
  { name: 'mail', maxWorkers: 0, program: ['/bin/sh', '-c', 'wc -c'] },
  { name: 'dead', maxWorkers: 0, leaseSeconds: 5, maxAttempts: 2 },
  { name: 'cli', maxWorkers: 0 },
  { name: 'workflows', maxWorkers: 0 },
  { name: 'schedules', maxWorkers: 0, leaseSeconds: 5 },
];
