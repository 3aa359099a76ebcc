import { handBack, type AttemptEnd } from '../core/attempt.ts';
import { leaseMs } from '../core/claim.ts';
import { deleteWhenCounted } from './delete-when-counted.ts';
import { COMES_AGAIN, type Claimed, type Handled, type Handling } from './handling.ts';
import type { HeldMessage } from './held-messages.ts';
import { leavesTime, RunningAttempt } from './run-attempt.ts';

/** A claim that was under way when the worker was told to stop, or that cannot be used any more. Never rejects. */
export async function giveBack(handling: Handling, { message, attempt }: Claimed): Promise<void> {
  const { claimant, held } = handling;
  try {
    await handBack(claimant, attempt);
    held.release(message, 0);
  } catch (error) {
    claimant.ports.log.warn(
      { err: error, taskId: attempt.row.id },
      'could not hand a task back; its lease will end',
    );
    held.forget(message);
  }
}

/**
 * Runs an attempt, unless that is too late now. Resolves when its program has ended and the slot is free again; never
 * rejects.
 */
export async function runClaimed(handling: Handling, claimed: Claimed): Promise<Handled> {
  const { settings, claimant, held, heartbeat, running } = handling;
  const { message, attempt, claimedAt, cancels } = claimed;
  const { log } = claimant.ports;
  const started = settings.monotonic();
  const fullMs = leaseMs(claimant.definition);
  if (settings.stop.aborted || !leavesTime(fullMs, started - claimedAt))
    return { ran: false, isDone: false, record: () => giveBack(handling, claimed) };
  let current: RunningAttempt;
  try {
    current = new RunningAttempt(
      { ...settings, log, program: settings.program ?? settings.definition.program },
      attempt,
      fullMs,
      fullMs - (started - claimedAt),
    );
  } catch (error) {
    // Not handed back: without a failure, a task that no worker can start would go round for ever.
    log.error({ err: error, taskId: attempt.row.id }, 'could not start an attempt; its lease will end');
    held.forget(message);
    return COMES_AGAIN;
  }
  log.debug({ taskId: attempt.row.id, attempt: attempt.row.attempt }, 'attempt started');
  running.add(current);
  heartbeat.add(current, claimedAt, cancels);
  if (settings.force.aborted) current.stop(0);
  await current.ended;
  return {
    ran: true,
    isDone: true,
    record: () =>
      record(handling, message, current).finally(() => {
        heartbeat.remove(current);
        running.delete(current);
      }),
  };
}

async function record(handling: Handling, message: HeldMessage, current: RunningAttempt): Promise<void> {
  const { claimant, held, settleLoop } = handling;
  const { log } = claimant.ports;
  const { row } = current.attempt;
  const about = { taskId: row.id, attempt: row.attempt };
  let end: AttemptEnd;
  try {
    end = await current.settle(claimant);
  } catch (error) {
    log.error({ ...about, err: error }, 'could not record the end of an attempt; its message comes again');
    held.forget(message);
    return;
  }
  if (end.kind === 'again') {
    log.info({ ...about, ms: end.ms }, 'task is PENDING again');
    held.release(message, end.ms);
  } else if (end.kind === 'lost') {
    log.warn(about, 'the lease was lost; nothing is recorded');
    held.forget(message);
  } else {
    log.info({ ...about, reason: end.row.reason, exitCode: end.row.exitCode }, `task ${end.row.state}`);
    settleLoop.kick();
    await deleteWhenCounted(handling, message, end);
  }
}
