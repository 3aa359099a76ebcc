import type { TaskRow } from './task-row.ts';
import type { TaskChange } from './transition.ts';

/** The fields of the last attempt that a new one does not keep. */
export const ATTEMPT_FIELDS = [
  'notBefore',
  'reason',
  'exitCode',
  'signal',
  'error',
  'stdout',
  'stderr',
  'result',
  'outputOf',
  'progress',
] as const satisfies readonly (keyof TaskRow)[];

/** What leaving FAILED clears besides. */
export const END_FIELDS = [
  'endedAt',
  'expiresAt',
  'stamp',
  'cancelRequested',
] as const satisfies readonly (keyof TaskRow)[];

/**
 * FAILED → PENDING. Names the attempt (and the stamp, if given) of the end that is taken back, so that it can happen
 * once.
 * Requires: that end is counted, and a message that says `redriveOf` this attempt is out.
 */
export function redriveChange(row: TaskRow): TaskChange {
  return {
    id: row.id,
    event: 'redrive',
    guard: { attempt: row.attempt, ...(row.stamp && { stamp: row.stamp }) },
    set: { failures: 0, countedAs: 'FAILED' },
    clear: [...ATTEMPT_FIELDS, ...END_FIELDS],
  };
}
