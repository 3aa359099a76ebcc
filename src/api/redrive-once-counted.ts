import type { Ending } from '../core/claimant.ts';
import { MillraceError } from '../core/errors.ts';
import { redriveTask } from '../core/redrive.ts';
import type { TaskRow } from '../core/task-row.ts';
import type { ApiDeps } from './api-deps.ts';

const FIRST_PAUSE_MS = 50;
const PATIENCE_MS = 2000;

/** Redrives a task; one that ended a moment ago is given the time until its worker has counted its end. */
export async function redriveOnceCounted(
  { ports, sleep }: Pick<ApiDeps, 'ports' | 'sleep'>,
  ending: Ending,
  id: string,
): Promise<TaskRow> {
  const until = ports.clock() + PATIENCE_MS;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs *= 2) {
    try {
      return await redriveTask(ending, id);
    } catch (error) {
      const isEarly = error instanceof MillraceError && error.code === 'not_counted_yet';
      if (!isEarly || ports.clock() + pauseMs > until) throw error;
    }
    await sleep(pauseMs);
  }
}
