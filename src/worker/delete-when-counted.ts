import { continueWorkflow } from '../core/continue-workflow.ts';
import type { TaskRow } from '../core/task-row.ts';
import type { Handling } from './handling.ts';
import type { HeldMessage } from './held-messages.ts';

const CONTINUE_AGAIN_MS = 2000;

/** Never rejects. A workflow goes on before the message of its task is deleted: the message owes that, too. */
export async function deleteWhenCounted(
  { claimant, held }: Handling,
  message: HeldMessage,
  end: { readonly row: TaskRow; readonly counted: Promise<boolean> },
): Promise<void> {
  if (!(await end.counted)) return held.forget(message); // re-stamped by somebody else, who must see to it
  try {
    if (await continueWorkflow(claimant, end.row)) held.delete(message);
    else held.release(message, CONTINUE_AGAIN_MS);
  } catch (error) {
    claimant.ports.log.warn(
      { err: error, taskId: end.row.id },
      'a workflow could not go on; the message of its ended task comes again',
    );
    held.release(message, CONTINUE_AGAIN_MS);
  }
}
