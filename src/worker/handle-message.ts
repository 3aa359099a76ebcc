import { handBack, type Attempt, type AttemptEnd } from '../core/attempt.ts';
import { claimTask, leaseMs } from '../core/claim.ts';
import type { Claimant } from '../core/claimant.ts';
import { loadMessage } from '../core/dead-letter.ts';
import { refuseUnknownHandler } from '../core/refuse-handler.ts';
import { renewOldMessage } from '../core/renew-message.ts';
import type { ControlWatch } from './control-watch.ts';
import { withHandlerDefaults } from './handlers/with-handler-defaults.ts';
import type { Heartbeat } from './heartbeat.ts';
import type { HeldMessage, HeldMessages } from './held-messages.ts';
import { leavesTime, RunningAttempt } from './run-attempt.ts';
import type { SettleLoop } from './settle-loop.ts';
import type { WorkerSettings } from './worker-settings.ts';

const NEWER_WAIT_MS = 30_000;

/** What a message goes through, from a free slot to its end. */
export interface Handling {
  readonly settings: WorkerSettings;
  readonly claimant: Claimant;
  readonly held: HeldMessages;
  readonly heartbeat: Heartbeat;
  readonly control: ControlWatch;
  readonly settleLoop: SettleLoop;
  readonly running: Set<RunningAttempt>;
}

/**
 * Claims the task of a message and runs one attempt. Resolves when the slot is free again; what has to be
 * recorded then goes on in `recording`, which never rejects. `ran`: an attempt was run.
 */
export async function handleMessage(
  handling: Handling,
  message: HeldMessage,
): Promise<{ ran: boolean; recording: Promise<void> }> {
  const { settings, claimant, held } = handling;
  const { log } = claimant.ports;
  const idle = { ran: false, recording: Promise.resolve() };
  try {
    const hasProgram = (settings.program ?? settings.definition.program) !== undefined;
    const loaded = await loadMessage(claimant, message.received, hasProgram);
    const parsed = withHandlerDefaults(
      refuseUnknownHandler(loaded, settings.handlers?.names ?? []),
      settings.handlers,
    );
    if (parsed.kind === 'newer' || parsed.kind === 'stored') {
      log.warn(
        { messageId: message.received.messageId },
        'a message of a newer version is left for newer workers',
      );
      held.release(message, NEWER_WAIT_MS);
      return idle;
    }
    if (await renewOldMessage(claimant, message.received, parsed)) {
      held.delete(message);
      return idle;
    }
    const claimedAt = settings.monotonic();
    const outcome = await claimTask(claimant, parsed, handling.control.seen);
    switch (outcome.kind) {
      case 'run':
        if (
          settings.stop.aborted ||
          !leavesTime(leaseMs(claimant.definition), settings.monotonic() - claimedAt)
        )
          return { ran: false, recording: giveBack(handling, message, outcome) };
        return { ran: true, ...(await runClaimed(handling, message, outcome, claimedAt)) };
      case 'ended':
        log.info(
          { taskId: outcome.row.id, reason: outcome.row.reason },
          `task ${outcome.row.state} without a run`,
        );
        handling.settleLoop.kick();
        return { ran: false, recording: deleteWhenCounted(handling, message, outcome.counted) };
      case 'delete':
        held.delete(message);
        return idle;
      case 'wait':
        log.debug({ taskId: parsed.id, ms: outcome.ms, why: outcome.why }, 'a message is left for later');
        held.release(message, outcome.ms);
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

/** A claim that was under way when the worker was told to stop, or that was answered too late to be used. */
async function giveBack(handling: Handling, message: HeldMessage, attempt: Attempt): Promise<void> {
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

/** @returns (when the program has ended) what is still to be recorded of it */
async function runClaimed(
  handling: Handling,
  message: HeldMessage,
  attempt: Attempt,
  claimedAt: number,
): Promise<{ recording: Promise<void> }> {
  const { settings, claimant, heartbeat, running } = handling;
  const { log } = claimant.ports;
  const started = settings.monotonic();
  const fullMs = leaseMs(claimant.definition);
  const current = new RunningAttempt(
    { ...settings, log, program: settings.program ?? settings.definition.program },
    attempt,
    fullMs,
    fullMs - (started - claimedAt),
  );
  log.debug({ taskId: attempt.row.id, attempt: attempt.row.attempt }, 'attempt started');
  running.add(current);
  heartbeat.add(current, claimedAt);
  if (settings.force.aborted) current.stop(0);
  await current.ended;
  const recording = record(handling, message, current).finally(() => {
    heartbeat.remove(current);
    running.delete(current);
  });
  return { recording };
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
    await deleteWhenCounted(handling, message, end.counted);
  }
}

async function deleteWhenCounted(
  handling: Handling,
  message: HeldMessage,
  counted: Promise<boolean>,
): Promise<void> {
  if (await counted) handling.held.delete(message);
  else handling.held.forget(message); // re-stamped by somebody else, who must see to it
}
