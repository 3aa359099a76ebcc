import type { Ending } from './claimant.ts';
import { continueWorkflow } from './continue-workflow.ts';
import { endLost } from './end-unrun.ts';
import { CLOCK_SKEW_MS } from './limits.ts';
import { loadMessage } from './load-message.ts';
import { NewerRowError } from './newer-row.ts';
import type { Ports, ReceivedMessage } from './ports.ts';
import { copyMessage, isOld, type KnownMessage } from './renew-message.ts';
import type { TaskRow } from './task-row.ts';
import { isTerminal } from './task-states.ts';

/**
 * Judges a message that SQS has moved to the dead-letter queue by its row, not by its arrival there.
 * @returns whether the message may be deleted, or must stay
 */
export async function judgeDeadLetter(ending: Ending, received: ReceivedMessage): Promise<'delete' | 'stay'> {
  const { ports, settler, definition } = ending;
  const parsed = await loadMessage(ending, received, definition.program !== undefined);
  const known = { received, message: parsed };
  const row = parsed.kind === 'newer' ? 'newer' : await readUnlessNewer(ports, parsed.id);
  if (parsed.kind === 'newer' || row === 'newer') {
    // Here SQS keeps it for 14 days from its first send, and nobody can deal with it before a newer version is deployed.
    return isOld(ports, received) ? sendBack(ending, known) : 'stay';
  }
  if (row && row.hash !== parsed.hash) return 'delete';
  const now = ports.clock();
  if (row && isTerminal(row.state) && !(row.state === 'FAILED' && parsed.redriveOf === row.attempt)) {
    const isOver = (await settler.settleTerminal(row)) && (await continueWorkflow(ending, row));
    return isOver ? 'delete' : 'stay';
  }
  if (row?.state === 'RUNNING') {
    if ((row.lease ?? 0) + CLOCK_SKEW_MS >= now) return 'stay';
    if (row.failures + 1 >= row.maxAttempts && !row.cancelRequested) {
      const result = await endLost(ending, parsed, row, now);
      if (!result.done) return 'stay';
      ports.log.info({ taskId: row.id, queue: row.queue, reason: 'lost' }, 'task FAILED without a run');
      await settler.flush();
      const isCounted = await Promise.race([result.counted, Promise.resolve(false)]);
      return isCounted && (await continueWorkflow(ending, result.row)) ? 'delete' : 'stay';
    }
  }
  return sendBack(ending, known);
}

async function readUnlessNewer({ tasks }: Ports, id: string): Promise<TaskRow | undefined | 'newer'> {
  try {
    return await tasks.read(id);
  } catch (error) {
    if (error instanceof NewerRowError) return 'newer';
    throw error;
  }
}

async function sendBack(ending: Ending, known: KnownMessage): Promise<'delete'> {
  await ending.ports.messages.main(ending.definition.name).send([await copyMessage(ending, known)]);
  return 'delete';
}
