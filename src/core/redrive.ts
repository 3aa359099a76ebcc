import type { Ending } from './claimant.ts';
import { MillraceError, unknownTask } from './errors.ts';
import { redriveChange } from './redrive-change.ts';
import { findContent, toMessage } from './task-content.ts';
import type { TaskRow } from './task-row.ts';

/**
 * Runs a FAILED task again, with all its attempts before it. Its old end is counted first; then a message goes
 * out that names the attempt it redrives, and only that message, or the write below, takes the row out of FAILED.
 * @throws MillraceError `unknown_task`, `wrong_state`, `not_counted_yet` (try again), `content_gone`
 */
export async function redriveTask(ending: Ending, id: string): Promise<TaskRow> {
  const { ports, settler } = ending;
  const row = await ports.tasks.read(id);
  // A row may outlive its expiry by days, but the ledger that counted its end need not.
  if (!row || (row.expiresAt ?? Infinity) * 1000 < ports.clock()) throw unknownTask(id);
  if (row.state !== 'FAILED' || !row.stamp) {
    throw new MillraceError('wrong_state', `Task ${id} is ${row.state}: only FAILED tasks can be redriven.`, {
      expected: 'FAILED',
      got: row.state,
      hint: 'Enqueue it anew if it is to run again.',
    });
  }
  if (!(await settler.settleTerminal(row))) {
    throw new MillraceError('not_counted_yet', `The end of task ${id} is still being counted.`, {
      hint: 'Try again in a moment.',
    });
  }
  const content = await findContent(ports, id);
  if (!content) {
    throw new MillraceError('content_gone', `What task ${id} ran is no longer kept.`, {
      hint: 'Enqueue it anew.',
    });
  }
  const envelope = {
    id,
    at: row.createdAt,
    hash: row.hash,
    content,
    redriveOf: row.attempt,
    redrivenAt: ports.clock(),
  };
  const tenant = 'task' in content ? content.task.tenant : undefined;
  await ports.messages.main(row.queue).send([await toMessage(ports, envelope, tenant)]);
  // Its stamp may be another by now, when its end had to be counted here first; it FAILED at this attempt only once.
  const { stamp: _counted, ...failed } = row;
  const result = await ports.tasks.change(redriveChange(failed));
  return result.row ?? row; // refused: a worker was faster, or another redrive
}
