import type { Ending } from './claimant.ts';
import { endUnclaimed } from './end-unrun.ts';
import { MillraceError, unknownTask } from './errors.ts';
import { dropLater } from './send-later.ts';
import { chunkEnvelope } from './task-content.ts';
import { parseBatchTaskId } from './batch-row.ts';
import type { TaskRow } from './task-row.ts';

const MAX_RACES = 5;

/** A task without a row. */
export type UnbornTask = Parameters<typeof endUnclaimed>[1];

/**
 * Cancels a task. One that nobody runs is CANCELLED at once; a running one gets a request, which its worker
 * meets at its next heartbeat: it kills the process group, then records the end.
 * @param unborn what the row of a task that has none is to be made with; by default, that of a chunk's task
 * @returns the row as it then is
 * @throws MillraceError `unknown_task`, `wrong_state`
 */
export async function cancelTask(ending: Ending, id: string, unborn?: UnbornTask): Promise<TaskRow> {
  const { ports, settler } = ending;
  for (let race = 0; race < MAX_RACES; race += 1) {
    const row = await ports.tasks.read(id);
    if (!row || row.state === 'PENDING') {
      const task = row
        ? { id, hash: row.hash, at: row.createdAt }
        : (unborn ?? (await unclaimedChunkTask(ending, id)));
      const result = await endUnclaimed(ending, task, row);
      if (!result.done) continue;
      await settler.flush();
      // A message that the scheduler has owes the count: it stays there, and sees to it, unless that is done.
      const isCounted = await Promise.race([result.counted, Promise.resolve(false)]);
      if (row && isCounted) await dropLater(ports, row);
      return result.row;
    }
    if (row.state === 'CANCELLED') return row;
    if (row.state !== 'RUNNING') {
      throw new MillraceError('wrong_state', `Task ${id} has ended already: it is ${row.state}.`, {
        expected: 'a task that is PENDING or RUNNING',
        got: row.state,
        hint: 'Nothing needs to be done.',
      });
    }
    if (row.cancelRequested) return row;
    const result = await ports.tasks.change({
      id,
      event: 'requestCancel',
      guard: { attempt: row.attempt },
      set: { cancelRequested: true },
    });
    if (!result.done) continue;
    await ports.queues.noteCancel(row.queue);
    return result.row;
  }
  throw new MillraceError('unavailable', `Task ${id} keeps changing.`, { hint: 'Try again.' });
}

/** A batch task that nobody has claimed has no row: what its row would be born with. */
async function unclaimedChunkTask(ending: Ending, id: string) {
  const place = parseBatchTaskId(id);
  const chunk = place && (await ending.ports.batches.readChunk(place.batch, place.chunk));
  const entry = chunk?.tasks.find(({ line }) => line === place?.line);
  if (!chunk || !entry || chunk.queue !== ending.definition.name) throw unknownTask(id);
  return { ...chunkEnvelope(ending.ports.digest, chunk, entry.line, entry.task), spec: entry.task };
}
