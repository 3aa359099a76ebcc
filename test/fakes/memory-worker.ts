import { finishAttempt, type Attempt, type AttemptEnd, type Outcome } from '../../src/core/attempt.ts';
import { claimTask, type ClaimOutcome } from '../../src/core/claim.ts';
import type { Claimant } from '../../src/core/claimant.ts';
import { continueWorkflow } from '../../src/core/continue-workflow.ts';
import { loadMessage } from '../../src/core/load-message.ts';
import type { ReceivedMessage } from '../../src/core/ports.ts';

export const SUCCESS: Outcome = { exitCode: 0, stdout: '', stderr: '' };
export const FAILURE: Outcome = { failure: { reason: 'exit' }, exitCode: 1, stdout: '', stderr: '' };

/** The next message of the claimant's queue, claimed. */
export async function claimNext(
  claimant: Claimant,
): Promise<{ received: ReceivedMessage; claim: ClaimOutcome } | undefined> {
  const { ports, definition } = claimant;
  const [received] = await ports.messages.main(definition.name).receive(1, 0);
  if (!received) return undefined;
  const parsed = await loadMessage(claimant, received, definition.program !== undefined);
  if (parsed.kind !== 'task' && parsed.kind !== 'invalid') throw new Error(`a message is ${parsed.kind}`);
  const control = await ports.queues.readControl(definition.name);
  return { received, claim: await claimTask(claimant, parsed, control) };
}

/** Works off every visible message with this outcome, and deletes the ones whose end is counted. */
export async function workOff(
  claimant: Claimant,
  outcome: Outcome | ((attempt: Attempt) => Outcome) = SUCCESS,
): Promise<number> {
  const { ports, definition, settler } = claimant;
  const queue = ports.messages.main(definition.name);
  const of = typeof outcome === 'function' ? outcome : () => outcome;
  let worked = 0;
  for (let next = await claimNext(claimant); next; next = await claimNext(claimant)) {
    const { received, claim } = next;
    const end = claim.kind === 'run' ? await finishAttempt(claimant, claim, of(claim)) : claim;
    await settler.flush();
    await release(claimant, queue, received.receipt, end);
    worked += 1;
  }
  return worked;
}

async function release(
  claimant: Claimant,
  queue: ReturnType<Claimant['ports']['messages']['main']>,
  receipt: string,
  end: AttemptEnd | Exclude<ClaimOutcome, { kind: 'run' }>,
): Promise<void> {
  const isOver = end.kind === 'ended' && (await end.counted) && (await continueWorkflow(claimant, end.row));
  const isDone = end.kind === 'delete' || isOver;
  if (isDone) await queue.delete([receipt]);
  else if (end.kind === 'again' || end.kind === 'wait') {
    await queue.setVisibility([{ receipt, seconds: end.ms / 1000 }]);
  }
}
