import type { Ending } from './claimant.ts';
import { loadMessage } from './load-message.ts';
import {
  BATCH_ENTRIES,
  EMPTY_LOOK_MS,
  FULL_LOOK_MS,
  MAX_DELAY_SECONDS,
  RESEND_AFTER_MS,
  SWEEP_AFTER_MS,
} from './limits.ts';
import type { MessageQueue, ReceivedMessage } from './ports.ts';
import type { RenewalState } from './queue-control.ts';
import { ageMs, renewMessages } from './renew-message.ts';

const NEVER_LOOKED: RenewalState = { emptyAt: 0, lookAt: 0 };
/** Longer than one call may take: who dies in the middle hides what it holds for no longer. */
const HIDE_SECONDS = 60;
const WAIT_SECONDS = 1; // asks all of SQS's servers; a receive that does not wait asks some
/** Batches in a row without an old message, after which there are taken to be none: SQS gives older ones first, mostly. */
const MAX_YOUNG_BATCHES = 3;

/**
 * Renews the old messages of a queue that nobody receives, because it is paused, backed up, or has no workers: SQS
 * would forget them. Costs one read while there is nothing to look at. A queue that was seen empty holds nothing
 * older than that, and is not received from before then; what is received is hidden until the end, so that one call
 * receives each message once. May be done twice at once, or die half-way.
 * @param until ms by the clock of `ports`; goes on where it stood when it is called again
 * @returns how many were renewed
 */
export async function renewWaiting(
  ending: Pick<Ending, 'ports' | 'definition'>,
  until: number,
): Promise<number> {
  const { ports, definition } = ending;
  const queue = definition.name;
  const { renewal = NEVER_LOOKED } = await ports.queues.readControl(queue);
  const now = ports.clock();
  if (now < renewal.lookAt) return 0;
  const main = ports.messages.main(queue);
  const { visible, delayed, inFlight } = await main.counts();
  if (visible + delayed + inFlight === 0) {
    await ports.queues.setRenewal(queue, { emptyAt: now, lookAt: now + EMPTY_LOOK_MS });
    return 0;
  }
  const next: RenewalState = { ...renewal, lookAt: now + FULL_LOOK_MS };
  if (now - renewal.emptyAt < RESEND_AFTER_MS) {
    await ports.queues.setRenewal(queue, next);
    return 0;
  }
  const { renewed, isDone } = await sweep(ending, main, until);
  if (isDone) await ports.queues.setRenewal(queue, next);
  return renewed;
}

async function sweep(
  ending: Pick<Ending, 'ports' | 'definition'>,
  main: MessageQueue,
  until: number,
): Promise<{ renewed: number; isDone: boolean }> {
  const { ports } = ending;
  const hidden: ReceivedMessage[] = [];
  let renewed = 0;
  let youngBatches = 0;
  try {
    while (ports.clock() < until) {
      const batch = await main.receive(BATCH_ENTRIES, WAIT_SECONDS, undefined, HIDE_SECONDS);
      if (batch.length === 0) return { renewed, isDone: true };
      const old = batch.filter((received) => ageMs(ports, received) >= SWEEP_AFTER_MS);
      hidden.push(...batch.filter((received) => !old.includes(received)));
      if (old.length > 0) {
        youngBatches = 0;
        await replace(ending, main, old);
        renewed += old.length;
      } else if ((youngBatches += 1) === MAX_YOUNG_BATCHES) return { renewed, isDone: true };
    }
    return { renewed, isDone: false };
  } finally {
    await main
      .setVisibility(hidden.map(({ receipt }) => ({ receipt, seconds: 0 })))
      .catch((error: unknown) =>
        ports.log.warn({ err: error }, 'could not show young messages again; they come by themselves'),
      );
  }
}

/** The copies are sent before any original goes, and stay out of this sweep's way. */
async function replace(
  ending: Pick<Ending, 'ports' | 'definition'>,
  main: MessageQueue,
  old: readonly ReceivedMessage[],
): Promise<void> {
  const hasProgram = ending.definition.program !== undefined;
  const known = await Promise.all(
    old.map(async (received) => ({ received, message: await loadMessage(ending, received, hasProgram) })),
  );
  await renewMessages(ending, known, MAX_DELAY_SECONDS);
  await main.delete(old.map(({ receipt }) => receipt));
}
