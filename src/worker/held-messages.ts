import { BATCH_ENTRIES } from '../core/limits.ts';
import type { Log, MessageQueue, ReceivedMessage } from '../core/ports.ts';
import { Batcher } from './batcher.ts';

const LINGER_MS = 5;
const DELETE_LINGER_MS = 200; // nobody waits for these

/** A message in this worker's hands, from its receive until it is deleted or let go. */
export interface HeldMessage {
  readonly received: ReceivedMessage;
  /** Monotonic ms of the receive. */
  readonly since: number;
  /** Monotonic ms of the receive, or of the last renewal. */
  renewedAt: number;
  /** A copy is out: this one has grown old, and need not come again. */
  hasCopy?: boolean;
}

/**
 * The messages that a worker holds. Requests about single ones are gathered into batches. None of them is
 * answered for: a delete or a visibility that fails only means that the message comes again.
 */
export class HeldMessages {
  readonly #held = new Set<HeldMessage>();
  readonly #queue: MessageQueue;
  readonly #deletes: Batcher<string>;
  readonly #visibilities: Batcher<{ receipt: string; seconds: number }>;

  constructor(queue: MessageQueue, log: Log) {
    this.#queue = queue;
    this.#deletes = new Batcher(BATCH_ENTRIES, DELETE_LINGER_MS, async (receipts) => {
      await queue
        .delete(receipts)
        .catch((error: unknown) => log.warn({ err: error }, 'could not delete messages'));
    });
    this.#visibilities = new Batcher(BATCH_ENTRIES, LINGER_MS, async (entries) => {
      await queue
        .setVisibility(entries)
        .catch((error: unknown) => log.warn({ err: error }, 'could not change the visibility of messages'));
    });
  }

  get size(): number {
    return this.#held.size;
  }

  /** @param askedAt monotonic ms from before the receive was sent: its visibility may count from then */
  hold(received: ReceivedMessage, askedAt: number, now: number): HeldMessage {
    const message: HeldMessage = { received, since: now, renewedAt: askedAt };
    this.#held.add(message);
    return message;
  }

  /** Its task has a counted end, or another message. */
  delete(message: HeldMessage): void {
    this.#held.delete(message);
    this.#deletes.add(message.received.receipt);
  }

  /** Visible again after so long. One that has a copy is deleted: the copy comes. */
  release(message: HeldMessage, ms: number): void {
    if (message.hasCopy) return this.delete(message);
    this.#held.delete(message);
    this.#visibilities.add({ receipt: message.received.receipt, seconds: ms / 1000 });
  }

  /** Lets its visibility run out by itself. */
  forget(message: HeldMessage): void {
    this.#held.delete(message);
  }

  /** Keeps the messages invisible for so long from now that were renewed before `before`. */
  async renew(before: number, now: number, ms: number): Promise<void> {
    const due = [...this.#held].filter(({ renewedAt }) => renewedAt <= before);
    if (due.length === 0) return;
    for (const message of due) message.renewedAt = now;
    await this.#queue.setVisibility(
      due.map(({ received }) => ({ receipt: received.receipt, seconds: ms / 1000 })),
    );
  }

  async drain(): Promise<void> {
    await Promise.all([this.#deletes.drain(), this.#visibilities.drain()]);
  }
}
