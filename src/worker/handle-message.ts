import { handBack, type Attempt, type AttemptEnd } from '../core/attempt.ts';
import { claimTask, leaseMs, type ClaimOutcome } from '../core/claim.ts';
import type { Claimant } from '../core/claimant.ts';
import { continueWorkflow } from '../core/continue-workflow.ts';
import type { LoadedMessage } from '../core/envelope.ts';
import { COPY_FIRST_MS, MAX_DELAY_SECONDS } from '../core/limits.ts';
import { loadMessage } from '../core/load-message.ts';
import { newerWaitMs } from '../core/newer-messages.ts';
import { NewerRowError } from '../core/newer-row.ts';
import { ageMs, isOld, renewMessages } from '../core/renew-message.ts';
import { refuseUnknownHandler } from '../core/refuse-handler.ts';
import type { TaskRow } from '../core/task-row.ts';
import type { ControlWatch } from './control-watch.ts';
import { withHandlerDefaults } from './handlers/with-handler-defaults.ts';
import type { Heartbeat } from './heartbeat.ts';
import type { HeldMessage, HeldMessages } from './held-messages.ts';
import { leavesTime, RunningAttempt } from './run-attempt.ts';
import type { NewerMessages } from './newer-messages.ts';
import type { SettleLoop } from './settle-loop.ts';
import type { WorkerSettings } from './worker-settings.ts';

const CONTINUE_AGAIN_MS = 2000;

/** What a message goes through, from its receive to its end. */
export interface Handling {
  readonly settings: WorkerSettings;
  readonly claimant: Claimant;
  readonly held: HeldMessages;
  readonly heartbeat: Heartbeat;
  readonly control: ControlWatch;
  readonly settleLoop: SettleLoop;
  readonly running: Set<RunningAttempt>;
  readonly newer: NewerMessages;
}

export interface Handled {
  readonly ran: boolean; // an attempt was run
  readonly isDone: boolean; // the message does not come again: its time in a slot says something of the next one's
  /** Records what is still to be recorded; to be called once, when the slot has been given on. Never rejects. */
  record(): Promise<void>;
}

/** An attempt that may be run, or handed back. */
export interface Claimed {
  readonly message: HeldMessage;
  readonly attempt: Attempt;
  /** Monotonic ms from before the claim was sent. */
  readonly claimedAt: number;
  /** Requests to cancel that were known then. */
  readonly cancels: number;
}

/** Claims the task of a message; whatever else is to be done with the message is done, or left for `record`. */
export async function claimMessage(handling: Handling, message: HeldMessage): Promise<Claimed | Handled> {
  const { settings, claimant, held, control } = handling;
  const { log } = claimant.ports;
  const idle = { ran: false, isDone: false, record: () => Promise.resolve() };
  try {
    const hasProgram = (settings.program ?? settings.definition.program) !== undefined;
    const loaded = await loadMessage(claimant, message.received, hasProgram);
    const parsed = withHandlerDefaults(
      refuseUnknownHandler(loaded, settings.handlers?.names ?? []),
      settings.handlers,
    );
    if (parsed.kind === 'newer') {
      await leaveForNewer(handling, message, parsed);
      return idle;
    }
    // It may be forgotten before its run has ended, or its retries: the copy then goes on with them.
    if (ageMs(claimant.ports, message.received) >= COPY_FIRST_MS)
      await copy(handling, message, parsed, MAX_DELAY_SECONDS * 1000);
    let claimedAt = settings.monotonic();
    const asking = () => (claimedAt = settings.monotonic());
    const isRedelivery = (message.received.receives ?? 1) > 1;
    const { cancels } = control.seen;
    const outcome = await claimUnlessNewer({ ...claimant, asking, isRedelivery }, control, parsed);
    switch (outcome.kind) {
      case 'newer':
        await leaveForNewer(handling, message, parsed);
        return idle;
      case 'run':
        return { message, attempt: outcome, claimedAt, cancels };
      case 'ended':
        log.info(
          { taskId: outcome.row.id, reason: outcome.row.reason },
          `task ${outcome.row.state} without a run`,
        );
        handling.settleLoop.kick();
        return { ran: false, isDone: true, record: () => deleteWhenCounted(handling, message, outcome) };
      case 'delete':
        held.delete(message);
        return { ...idle, isDone: true };
      case 'wait':
        log.debug({ taskId: parsed.id, ms: outcome.ms, why: outcome.why }, 'a message is left for later');
        await leave(handling, message, parsed, outcome.ms);
        return idle;
    }
  } catch (error) {
    log.error(
      { err: error, messageId: message.received.messageId },
      'could not claim a task; its message comes again',
    );
    held.forget(message);
    return idle;
  }
}

/** `newer`: the row of its task is of a newer version. */
async function claimUnlessNewer(
  claimant: Claimant,
  control: ControlWatch,
  parsed: Exclude<LoadedMessage, { kind: 'newer' }>,
): Promise<ClaimOutcome | { readonly kind: 'newer' }> {
  try {
    return await claimTask(claimant, parsed, control.seen);
  } catch (error) {
    if (error instanceof NewerRowError) return { kind: 'newer' };
    throw error;
  }
}

async function leaveForNewer(handling: Handling, message: HeldMessage, parsed: LoadedMessage): Promise<void> {
  const { claimant, newer } = handling;
  const { messageId } = message.received;
  const ms = newerWaitMs(ageMs(claimant.ports, message.received));
  claimant.ports.log.warn({ messageId, ms }, 'a message of a newer version is left for newer workers');
  await leave(handling, message, parsed, ms);
  newer.left(messageId, ms);
}

/** Nobody can run it now: it comes again after so long, renewed when it is old. What can be run is run, however old. */
async function leave(
  handling: Handling,
  message: HeldMessage,
  parsed: LoadedMessage,
  ms: number,
): Promise<void> {
  const isDue = isOld(handling.claimant.ports, message.received) && !message.hasCopy;
  if (isDue) await copy(handling, message, parsed, ms);
  handling.held.release(message, ms);
}

async function copy(
  { claimant }: Handling,
  message: HeldMessage,
  parsed: LoadedMessage,
  ms: number,
): Promise<void> {
  const delaySeconds = Math.min(ms / 1000, MAX_DELAY_SECONDS);
  await renewMessages(claimant, [{ received: message.received, message: parsed }], delaySeconds);
  message.hasCopy = true;
}

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
    return { ran: false, isDone: false, record: () => Promise.resolve() };
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

/** Never rejects. A workflow goes on before the message of its task is deleted: the message owes that, too. */
async function deleteWhenCounted(
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
