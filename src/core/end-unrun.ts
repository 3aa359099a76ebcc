import { parseBatchTaskId } from './batch-row.ts';
import type { Ending } from './claimant.ts';
import type { InvalidMessage, TaskMessage } from './envelope.ts';
import { CLOCK_SKEW_MS } from './limits.ts';
import { expiryAfter, rowBirth } from './new-row.ts';
import { ATTEMPT_FIELDS } from './redrive-change.ts';
import type { EndResult } from './settle.ts';
import { keepContent } from './task-content.ts';
import type { TaskRow } from './task-row.ts';
import type { Guard } from './transition.ts';

/** Ends of tasks that nobody runs: cancelled or purged before a claim, not understood, lost. */

/** CANCELLED: asked for, or purged, while no attempt is alive. */
export async function endUnclaimed(
  ending: Ending,
  message: Pick<TaskMessage | InvalidMessage, 'id' | 'hash' | 'at'> & { spec?: TaskMessage['spec'] },
  row?: TaskRow,
): Promise<EndResult> {
  const now = ending.ports.clock();
  return ending.settler.end({
    id: message.id,
    event: 'cancel',
    ...sameRow(row, now),
    isBirth: !row,
    set: { ...(row ? {} : rowBirth(ending.definition, message)), endedAt: now, expiresAt: expiryAfter(now) },
    clear: ['token', 'lease', 'cancelRequested', ...ATTEMPT_FIELDS],
  });
}

/** FAILED `invalid`: the body is kept, so that a redrive can try it again. */
export async function endInvalid(
  ending: Ending,
  message: InvalidMessage,
  row: TaskRow | undefined,
): Promise<EndResult> {
  const now = ending.ports.clock();
  await keepContent(ending.ports, message.id, message.content);
  return ending.settler.end({
    id: message.id,
    event: 'fail',
    ...sameRow(row, now),
    set: {
      ...(row ? {} : rowBirth(ending.definition, message)),
      queue: ending.definition.name,
      reason: 'invalid',
      error: message.detail.slice(0, 400),
      endedAt: now,
      expiresAt: expiryAfter(now),
    },
    // An attempt of its own, though nothing ran: a redrive names the attempt that it takes back.
    raise: ['attempt'],
    clear: ['token', 'lease', 'notBefore', 'cancelRequested'],
  });
}

/** FAILED `lost`: the worker of its last attempt died. */
export async function endLost(
  ending: Ending,
  message: Pick<TaskMessage | InvalidMessage, 'id' | 'content'>,
  row: TaskRow,
  now: number,
): Promise<EndResult> {
  if (!parseBatchTaskId(row.id)) await keepContent(ending.ports, message.id, message.content);
  return ending.settler.end({
    id: row.id,
    event: 'fail',
    ...sameRow(row, now),
    set: {
      queue: row.queue,
      reason: 'lost',
      error: `attempt ${row.attempt} ended without a word: its worker${row.worker ? ` ${row.worker}` : ''} died or lost its lease`,
      endedAt: now,
      expiresAt: expiryAfter(now),
    },
    raise: ['failures'],
    clear: ['token', 'lease', 'notBefore', 'cancelRequested'],
  });
}

/** The change holds only for the row that was read, and for a running one only while its lease is over. */
function sameRow(
  row: TaskRow | undefined,
  now: number,
): { from: readonly (TaskRow['state'] | 'none')[]; guard: Guard } {
  if (!row) return { from: ['none'], guard: {} };
  const guard: Guard = { attempt: row.attempt, token: row.token ?? null };
  if (row.state !== 'RUNNING') return { from: [row.state], guard };
  return { from: ['RUNNING'], guard: { ...guard, leaseBefore: now - CLOCK_SKEW_MS } };
}
