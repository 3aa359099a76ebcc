import { claimTask, type ClaimOutcome } from '../core/claim.ts';
import type { Claimant } from '../core/claimant.ts';
import type { LoadedMessage } from '../core/envelope.ts';
import { COPY_FIRST_MS, MAX_DELAY_SECONDS } from '../core/limits.ts';
import { loadMessage } from '../core/load-message.ts';
import { newerWaitMs } from '../core/newer-messages.ts';
import { NewerRowError } from '../core/newer-row.ts';
import { refuseUnknownHandler } from '../core/refuse-handler.ts';
import { ageMs, isOld, renewMessages } from '../core/renew-message.ts';
import type { ControlWatch } from './control-watch.ts';
import { deleteWhenCounted } from './delete-when-counted.ts';
import { withHandlerDefaults } from './handlers/with-handler-defaults.ts';
import { COMES_AGAIN, type Claimed, type Handled, type Handling } from './handling.ts';
import type { HeldMessage } from './held-messages.ts';

/** Claims the task of a message; whatever else is to be done with the message is done, or left for `record`. */
export async function claimMessage(handling: Handling, message: HeldMessage): Promise<Claimed | Handled> {
  const { settings, claimant, held, control } = handling;
  const { log } = claimant.ports;
  try {
    const hasProgram = (settings.program ?? settings.definition.program) !== undefined;
    const loaded = await loadMessage(claimant, message.received, hasProgram);
    const parsed = withHandlerDefaults(
      refuseUnknownHandler(loaded, settings.handlers?.names ?? []),
      settings.handlers,
    );
    if (parsed.kind === 'newer') {
      await leaveForNewer(handling, message, parsed);
      return COMES_AGAIN;
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
        return COMES_AGAIN;
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
        return { ...COMES_AGAIN, isDone: true };
      case 'wait':
        log.debug({ taskId: parsed.id, ms: outcome.ms, why: outcome.why }, 'a message is left for later');
        await leave(handling, message, parsed, outcome.ms);
        return COMES_AGAIN;
    }
  } catch (error) {
    log.error(
      { err: error, messageId: message.received.messageId },
      'could not claim a task; its message comes again',
    );
    held.forget(message);
    return COMES_AGAIN;
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
