import { toFiring } from './envelope.ts';
import type { Digest } from './ports.ts';
import type { Schedule } from './schedule.ts';
import { canonicalContent } from './task-spec.ts';

/**
 * The message that a schedule sends when it fires. The ids of its tasks are made of queue, name and time alone: of
 * a firing that is delivered twice, by a schedule that was replaced in between even, there is one task.
 * @param at ISO 8601, or what a scheduler replaces by it
 */
export function firingMessage(
  digest: Digest,
  { queue, name, task }: Pick<Schedule, 'queue' | 'name' | 'task'>,
  at: string,
): { body: string; version: string; tenant: string | undefined } {
  const key = `s-${digest(JSON.stringify([queue, name])).slice(0, 16)}`;
  const hash = digest(canonicalContent(queue, task));
  return { ...toFiring({ key, hash, task }, at), tenant: task.tenant };
}
